"""Mutants of gateways, streams and exports."""

from typing import Final

from tests.mutants.mutant import Mutant

_GATEWAYS: Final = "tests/contract/test_sqlite.py::TestGateways"
_STREAMS: Final = "tests/contract/test_sqlite.py::TestRowStreams"
_HTTP: Final = "tests/unit/integrations/test_streams_over_http.py"
_CSV: Final = "tests/unit/read/test_csv_text.py"
_RULES: Final = "tests/unit/admin/test_list_rules.py"

GATEWAY_MUTANTS: Final = (
    Mutant(
        "sort by whatever a client names",
        "security: sorting by an allow-list only",
        "read/sorting.py",
        "        if column is None:\n            raise UnknownFieldError("
        'name=sort_by, purpose="sort", allowed=self.names)\n        return column\n',
        "        return column or SortColumn(sort_by)\n",
        (f"{_GATEWAYS}::test_unknown_names_and_limits_are_refused",),
    ),
    Mutant(
        "leave the tie-break out of the order",
        "every order is definite",
        "read/sorting.py",
        '        return f"{column.term(order)}, {self.tie_break.term(order)}"\n',
        "        return column.term(order)\n",
        (f"{_GATEWAYS}::test_pages_by_cursor_give_every_row_once",),
    ),
    Mutant(
        "clamp no limit and refuse none",
        "security: limits are refused, not clamped",
        "read/relation_pages.py",
        "        self._sql.relation.limits.check(limit, offset)\n",
        "",
        (f"{_GATEWAYS}::test_unknown_names_and_limits_are_refused",),
    ),
    Mutant(
        "take `%` and `_` of a prefix as wildcards",
        "security: filters are escaped",
        "read/filtering.py",
        ' AND substr({column}, 1, :{parameter}_length) = :{parameter})"',
        ' AND :{parameter}_length >= 0 AND :{parameter} = :{parameter})"',
        (f"{_GATEWAYS}::test_a_filter_keeps_the_rows_that_it_says",),
    ),
    Mutant(
        "read the rows of every tenant",
        "security: cross-tenant reads",
        "read/relation_sql.py",
        'return f"{self.relation.tenant} = :row_tenant AND {where}", {**parameters, "row_tenant": self.tenant}\n',
        "return where, parameters\n",
        (f"{_GATEWAYS}::test_a_tenant_reads_its_own_rows_only",),
    ),
    Mutant(
        "take another tenant's cursor",
        "security: the tenant is in the cursor",
        "read/relation_pages.py",
        '            tenant=self._sql.tenant or "",\n',
        "",
        (
            f"{_GATEWAYS}::test_a_tenant_reads_its_own_rows_only",
            "tests/unit/read/test_tenants.py",
        ),
    ),
    Mutant(
        "write times into JSON as they are stored",
        "JSON without objects is that of the objects",
        "tables/json_rows.py",
        "        inspect.DateTimeType: {datetime: _as_it_is, str: _stored_time},\n",
        "        inspect.DateTimeType: {datetime: _as_it_is, str: _as_it_is},\n",
        ("tests/unit/tables/test_json_rows.py::test_rows_of_any_values_are_the_text_of_their_objects",),
    ),
    Mutant(
        "leave a stream's cursor open",
        "P11: a stream that is left early keeps nothing open",
        "adapters/sqlite/read_session.py",
        "                self._streams.pop().close()  # one that was left early would keep the snapshot\n",
        "                self._streams.pop()\n",
        (f"{_STREAMS}::test_a_stream_that_is_left_early_keeps_no_snapshot",),
    ),
    Mutant(
        "go on reading for a client that has gone",
        "P11: a cancelled request leaks no connection",
        "integrations/fastapi/stream_endpoint.py",
        "            await shielded(self._end())\n",
        "            pass\n",
        (
            f"{_HTTP}::test_nothing_more_is_read_than_is_taken_and_nothing_for_who_has_gone",
            f"{_HTTP}::test_a_request_that_is_cancelled_ends_its_stream",
        ),
    ),
    Mutant(
        "send headers before there is a first item",
        "what is refused has its status",
        "integrations/fastapi/stream_endpoint.py",
        "        first = [item async for item in _first(items)]\n",
        "        first: list[Any] = []\n",
        (f"{_HTTP}::test_what_is_refused_before_the_first_item_has_its_own_status",),
    ),
    Mutant(
        "write formulas into CSV",
        "security: CSV is safe to open",
        "read/csv_text.py",
        """    return f"'{text}" if is_formula else text\n""",
        "    return text if is_formula else text\n",
        (f"{_CSV}::test_what_begins_like_a_formula_is_none_for_a_spreadsheet",),
    ),
    Mutant(
        "leave quotes in CSV as they are",
        "RFC 4180",
        "read/csv_text.py",
        """    doubled = text.replace('"', '""')\n""",
        "    doubled = text\n",
        (f"{_CSV}::test_any_text_is_read_back_from_its_line",),
    ),
    Mutant(
        "accept any order of a gateway",
        "duolog check finds pages without a definite order",
        "admin/checks/orders.py",
        "    if unique is not None and unique.isdisjoint(columns):\n",
        "    if unique is not None and not columns:\n",
        (f"{_RULES}::test_a_gateway_whose_pages_have_no_definite_order_is_found",),
    ),
)
