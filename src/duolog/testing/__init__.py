"""The test kit that ships with duolog: contract suites, given/when/then, applications on memory."""
