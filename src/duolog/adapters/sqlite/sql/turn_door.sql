UPDATE duolog_transfer SET door = :door WHERE state = 'receiving'
