"""The service for a web server: `duolog run chat_intents.presentation.api:api`; `settings` says what it reads."""

import os

from chat_intents.presentation.routes import make_api
from chat_intents.presentation.settings import ServiceSettings

api = make_api(ServiceSettings.of(os.environ).make_application())
