from tests.unit.database_urls import shared_url, url

__all__ = ["shared_url", "url"]
