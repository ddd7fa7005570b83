"""Integrations: thin layers between an Application and the frameworks around it."""
