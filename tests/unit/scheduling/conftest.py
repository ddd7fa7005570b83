from tests.unit.database_urls import url

__all__ = ["url"]
