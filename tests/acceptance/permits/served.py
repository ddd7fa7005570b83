"""The permits application for the command line, on the database that the environment names."""

import os

from tests.acceptance.permits.application import make_application

app = make_application(os.environ["PERMITS_DATABASE"])
