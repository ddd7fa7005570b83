import json

from tests.unit.cli.conftest import Duolog, Target


def test_json_leads_from_commands_to_queries(duolog: Duolog, target: Target) -> None:
    drawn = json.loads(duolog("map", target(), "--json").stdout)
    assert drawn["commands"][0] == {
        "name": "PlaceOrderCommand",
        "handler": "PlaceOrderInteractor",
        "events": ["order.placed", "order.shipped"],
    }
    assert drawn["projections"] == [{"name": "orders_view", "version": 1, "events": ["order.placed"]}]
    assert drawn["queries"] == [
        {"name": "ListOrdersQuery", "handler": "ListOrdersQueryService", "reads": ["orders_view"]}
    ]
    assert drawn["unprojected"] == ["order.shipped"]


def test_mermaid_has_an_edge_for_each_step(duolog: Duolog, target: Target) -> None:
    lines = [line.strip() for line in duolog("map", target(), "--format", "mermaid").lines]
    assert lines[0] == "flowchart LR"
    assert "c_PlaceOrderCommand -.-> e_order_placed" in lines
    assert "e_order_placed --> p_orders_view" in lines
    assert "p_orders_view --> q_ListOrdersQuery" in lines


def test_text_says_that_a_command_may_record_what_its_aggregates_declare(duolog: Duolog, target: Target) -> None:
    ended = duolog("map", target())
    assert ended.lines[0] == "commands, and the events that each may record"
    assert "  PlaceOrderCommand (PlaceOrderInteractor)" in ended.lines
    assert "  ListOrdersQuery (ListOrdersQueryService)" in ended.lines
