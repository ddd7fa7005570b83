"""The users service for a web server: `duolog run users.presentation.api:api`.

The environment says how: `DUOLOG_DATA` is the data directory (`.demo`), `DUOLOG_DATABASE` another database,
`WRITE_MODEL` is `events` or `tables`, `DUOLOG_SECRET` another secret than the data directory's.
"""

from users.presentation.data_directory import prepare
from users.presentation.routes import make_api

api = make_api(prepare().make_application())
