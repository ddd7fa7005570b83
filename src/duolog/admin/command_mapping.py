"""Making commands of rows: which column becomes which field."""

import dataclasses
import typing
from collections.abc import Collection, Mapping
from typing import Any, cast

import msgspec

from duolog.admin.command_rows import Row
from duolog.codec.reasons import unfit_reason
from duolog.errors import ConfigurationError


class UnfitRowError(Exception):
    """A row does not make a command; the text says why, without the row's values."""


class CommandMapping:
    """Makes commands of one class.

    A field takes the column that is mapped to it, or a constant, or else the column of its own name.
    An empty text in CSV leaves out a field that has a default.

    Args:
        command: the command's class.
        columns: by field, the column.
        constants: by field, a value as text.
        is_text: the rows' values are texts, as in CSV, and become numbers, times and so on.

    Raises:
        ConfigurationError: the command has no such field, a field has both a column and a constant, a constant does not
            fit its field, or a field's type is unknown to the codec.
    """

    def __init__(
        self, command: type, *, columns: Mapping[str, str], constants: Mapping[str, str], is_text: bool
    ) -> None:
        self._command = command
        self._is_text = is_text
        required = _fields(command)
        self._fields = tuple(required)
        _refuse_unknown(command, [*columns, *constants], required)
        _refuse_both(command, columns, constants)
        self._columns = {name: columns.get(name, name) for name in required if name not in constants}
        self._mapped = frozenset(columns)
        self._required = frozenset(name for name, needed in required.items() if needed)
        self._constants = _constants(command, constants)

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the command's fields."""
        return self._fields

    def refuse_missing(self, header: Collection[str], *, id_column: str | None = None) -> None:
        """Refuse a file without the columns that are mapped or required.

        Args:
            header: the file's columns.
            id_column: column with the rows' own ids; None if they have none.

        Raises:
            ConfigurationError: one is missing.
        """
        if id_column is not None and id_column not in header:
            message = f"the id column {id_column!r} is missing"
            raise ConfigurationError(message, hint=f"Columns: {', '.join(header)}.")
        for name, column in self._columns.items():
            if column not in header and (name in self._required or name in self._mapped):
                message = f"field {name!r} of {self._command.__name__} needs the column {column!r}, which is missing"
                hint = f"Give --map {name}=COLUMN or --set {name}=VALUE. Columns: {', '.join(header)}."
                raise ConfigurationError(message, hint=hint)

    def command(self, row: Row) -> object:
        """Make the command of a row.

        Raises:
            UnfitRowError: a value is missing or does not fit.
        """
        values = dict(self._constants)
        for name, column in self._columns.items():
            if column in row.columns and not self._is_left_out(name, row.columns[column]):
                values[name] = row.columns[column]
        target: type[object] = self._command
        try:
            made: object = msgspec.convert(values, target, strict=not self._is_text)
        except msgspec.ValidationError as error:
            raise UnfitRowError(unfit_reason(error)) from None
        except (TypeError, ValueError, UnicodeError) as error:  # what the class itself refuses
            reason = f"{type(error).__name__}: {error}"
            raise UnfitRowError(reason) from error
        return made

    def _is_left_out(self, name: str, value: object) -> bool:
        return self._is_text and value == "" and name not in self._required


def _fields(command: type) -> dict[str, bool]:
    """Return whether each field is required, by name."""
    if dataclasses.is_dataclass(command):
        return {
            field.name: field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
            for field in dataclasses.fields(command)
            if field.init
        }
    info = msgspec.inspect.type_info(command)
    return {field.encode_name: field.required for field in cast("msgspec.inspect.StructType", info).fields}


def _refuse_unknown(command: type, named: Collection[str], known: Collection[str]) -> None:
    unknown = sorted(set(named) - set(known))
    if unknown:
        message = f"{command.__name__} has no field {unknown[0]!r}"
        raise ConfigurationError(message, hint=f"It has: {', '.join(known)}.")


def _refuse_both(command: type, columns: Mapping[str, str], constants: Mapping[str, str]) -> None:
    both = sorted(columns.keys() & constants.keys())
    if both:
        message = f"field {both[0]!r} of {command.__name__} has both a column and a constant"
        raise ConfigurationError(message, hint=f"Give either --map {both[0]}=... or --set {both[0]}=...")


def _constants(command: type, texts: Mapping[str, str]) -> dict[str, Any]:
    hints = typing.get_type_hints(command, include_extras=True)
    values: dict[str, Any] = {}
    for name, text in texts.items():
        try:
            # Converted to be checked, and kept in its JSON form, as the rows' values are.
            values[name] = msgspec.to_builtins(msgspec.convert(text, hints[name], strict=False))
        except (msgspec.ValidationError, TypeError) as error:
            message = f"the constant for field {name!r} of {command.__name__} does not fit it"
            raise ConfigurationError(message, hint="Write it as it would stand in a CSV cell.") from error
    return values
