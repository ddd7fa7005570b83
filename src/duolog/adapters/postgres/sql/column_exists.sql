-- $1: the name of a relation on the search path, $2: the name of a column, or '' for the relation itself
SELECT to_regclass(quote_ident($1)) IS NOT NULL AND (
    $2 = '' OR EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = to_regclass(quote_ident($1)) AND attname = $2 AND NOT attisdropped
    )
)
