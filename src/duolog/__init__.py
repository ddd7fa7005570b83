"""duolog: commands, queries and one event log between them.

Commands change state through interactors, queries read it through query services and gateways, and one durable event
log stands between the two sides.
"""

from duolog.application.application import Application
from duolog.application.receipt import Receipt
from duolog.application.settings import Settings
from duolog.clock import Clock
from duolog.codec.snapshot_types import snapshot
from duolog.container.secret import Secret
from duolog.dispatch.context import MessageContext
from duolog.dispatch.middleware.authorisation import Authorizer
from duolog.dispatch.pipeline import Call, Middleware, after, before
from duolog.errors import ConflictError, DuologError, NotAuthenticatedError, NotAuthorizedError
from duolog.eventstore.expectations import AnyVersion, Exactly, ExpectedVersion, NoStream, StreamExists
from duolog.eventstore.port import EventStore
from duolog.messages.binding import Binding
from duolog.messages.command import Command, bind_command, command
from duolog.messages.envelope import RecordedEvent
from duolog.messages.event import Upcast, event
from duolog.messages.metadata import Actor, Metadata
from duolog.messages.query import Query, StreamQuery, bind_query
from duolog.messages.recorded import Recorded
from duolog.messages.tag import Tag
from duolog.process_managers.process_manager import ProcessManager, Reactor
from duolog.process_managers.reaction import Process, Reaction
from duolog.projections.document_view import DocumentView
from duolog.projections.guarded_keys import GuardedKeys, KeyWrite
from duolog.projections.materialized_view import MaterializedView
from duolog.projections.projection import Projection
from duolog.projections.view_database import ViewDatabase
from duolog.read.caching.declaration import CacheScope, cached
from duolog.read.caching.level import Caching
from duolog.read.cursors import Cursors
from duolog.read.filtering import FilterableFields, at_least, at_most, between, equals, one_of, prefix
from duolog.read.gateway import QueryGateway
from duolog.read.json_answer import Json
from duolog.read.keyset import Keyset
from duolog.read.limits import Limits
from duolog.read.pages import CursorPage, OffsetPage, PaginatedResult
from duolog.read.position_token import PositionToken
from duolog.read.relation import MaintainedTotal, Relation
from duolog.read.sorting import SortableFields, SortOrder, nullable
from duolog.read.text_search import Fts5, matches
from duolog.scheduling.scheduled_command import ScheduledId
from duolog.tables.documents import Documents
from duolog.tables.ports import ReadDatabase
from duolog.tables.statements import Constraint
from duolog.write.aggregate import Aggregate
from duolog.write.boundary import Criterion, DecisionBoundary
from duolog.write.command_scheduler import CommandScheduler
from duolog.write.decider import Decider, DeciderEntity
from duolog.write.event_publisher import EventPublisher
from duolog.write.event_streams import EventStreams
from duolog.write.idempotency import IdempotencyKey
from duolog.write.repository import AggregateNotFoundError, EventSourcedRepository
from duolog.write.snapshots import SnapshotPolicy
from duolog.write.transaction_manager import TransactionManager
from duolog.write.unit_of_work import UnitOfWork
from duolog.write.write_database import WriteDatabase

__all__ = [
    "Actor",
    "Aggregate",
    "AggregateNotFoundError",
    "AnyVersion",
    "Application",
    "Authorizer",
    "Binding",
    "CacheScope",
    "Caching",
    "Call",
    "Clock",
    "Command",
    "CommandScheduler",
    "ConflictError",
    "Constraint",
    "Criterion",
    "CursorPage",
    "Cursors",
    "Decider",
    "DeciderEntity",
    "DecisionBoundary",
    "DocumentView",
    "Documents",
    "DuologError",
    "EventPublisher",
    "EventSourcedRepository",
    "EventStore",
    "EventStreams",
    "Exactly",
    "ExpectedVersion",
    "FilterableFields",
    "Fts5",
    "GuardedKeys",
    "IdempotencyKey",
    "Json",
    "KeyWrite",
    "Keyset",
    "Limits",
    "MaintainedTotal",
    "MaterializedView",
    "MessageContext",
    "Metadata",
    "Middleware",
    "NoStream",
    "NotAuthenticatedError",
    "NotAuthorizedError",
    "OffsetPage",
    "PaginatedResult",
    "PositionToken",
    "Process",
    "ProcessManager",
    "Projection",
    "Query",
    "QueryGateway",
    "Reaction",
    "Reactor",
    "ReadDatabase",
    "Receipt",
    "Recorded",
    "RecordedEvent",
    "Relation",
    "ScheduledId",
    "Secret",
    "Settings",
    "SnapshotPolicy",
    "SortOrder",
    "SortableFields",
    "StreamExists",
    "StreamQuery",
    "Tag",
    "TransactionManager",
    "UnitOfWork",
    "Upcast",
    "ViewDatabase",
    "WriteDatabase",
    "after",
    "at_least",
    "at_most",
    "before",
    "between",
    "bind_command",
    "bind_query",
    "cached",
    "command",
    "equals",
    "event",
    "matches",
    "nullable",
    "one_of",
    "prefix",
    "snapshot",
]
