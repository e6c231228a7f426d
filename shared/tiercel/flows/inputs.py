"""Turn what a caller gives into the typed inputs of a flow or of a resumed Pause; all problems in one go.

The sentences are Kestra's where its clients rely on them (`core/runners/FlowInputOutput.java` and its tests).
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias

from tiercel.errors import InvalidFlow, Problem, TiercelError
from tiercel.expressions import truthy
from tiercel.flows.coercion import Refused, coerce
from tiercel.flows.control import holds_template
from tiercel.flows.models import Input
from tiercel.flows.options import check_bounds, check_options, options_of
from tiercel.flows.values import as_text, merged

Render: TypeAlias = Callable[[str, Mapping[str, Any]], str]
StoreFile: TypeAlias = Callable[[str, str, Path | bytes], str]
Encrypt: TypeAlias = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file given for a FILE input: its name, and where it lies or what it holds."""

    name: str
    content: Path | bytes


@dataclass
class _Inputs:
    """The inputs of one execution, as they become known."""

    declared: Mapping[str, Input]
    given: Mapping[str, Any]
    render: Render
    store_file: StoreFile
    encrypt: Encrypt | None
    variables: Mapping[str, Any]
    values: dict[str, Any] = field(default_factory=dict)
    left_out: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    under_way: set[str] = field(default_factory=set)

    def resolve(self, declared: Input) -> None:
        """Find the value of one input, those it depends on first."""
        name = declared.id
        if name in self.values or name in self.left_out or name in self.under_way:
            return
        self.under_way.add(name)
        given = self.given.get(name)
        try:
            if not self._enabled(declared):
                self.left_out.add(name)
                return
            self.values[name], given = self._typed(declared, given)
        except (Refused, TiercelError) as error:
            self.left_out.add(name)
            shown = "********" if declared.type == "SECRET" and given is not None else _shown(given)
            message = f"Invalid input for `{name}`, {error}, but received `{shown}`"
            self.problems.append(Problem(message, name))

    def _enabled(self, declared: Input) -> bool:
        depends_on = declared.properties.get("dependsOn") or {}
        for name in depends_on.get("inputs") or ():
            other = self.declared.get(name)
            if other is None:
                raise Refused(f"it depends on `{name}`, which is no input of the flow")
            self.resolve(other)
            if name in self.left_out:
                return False
        condition = depends_on.get("condition")
        return condition is None or truthy(self._rendered(as_text(condition)))

    def _typed(self, declared: Input, given: Any) -> tuple[Any, Any]:
        """Give the typed value, and what it was made of."""
        options = options_of(declared, self._rendered)
        value = given
        if value is None and (default := declared.properties.get("defaults")) is not None:
            value = given = self._deeply_rendered(default)
        if value is None and options and declared.properties.get("autoSelectFirst"):
            value = [options[0]] if declared.type == "MULTISELECT" else options[0]
        if value is None:
            if declared.required:
                raise Refused("missing required input")
            return None, given
        if declared.type == "FILE":
            return self._file(declared, value), given
        item_type = declared.properties.get("itemType")
        typed = coerce(declared.type, value, item_type if isinstance(item_type, str) else None)
        check_options(declared, typed, options)
        check_bounds(declared, typed)
        return self._secret(as_text(typed)) if declared.type == "SECRET" else typed, given

    def _secret(self, text: str) -> Any:
        if self.encrypt is None:
            raise Refused("Unable to use a `SECRET` input/output as encryption is not configured")
        return self.encrypt(text)

    def _file(self, declared: Input, value: Any) -> str:
        upload = _upload(declared.id, value)
        name = upload if isinstance(upload, str) else upload.name
        allowed = declared.properties.get("allowedFileExtensions") or ()
        if allowed and not any(name.lower().endswith(str(extension).lower()) for extension in allowed):
            raise Refused(f"the name of the file must end in {' or '.join(map(str, allowed))}")
        return (
            upload if isinstance(upload, str) else self.store_file(declared.id, upload.name, upload.content)
        )

    def _rendered(self, template: str) -> str:
        return self.render(template, {**self.variables, "inputs": nested(self.values)})

    def _deeply_rendered(self, value: Any) -> Any:
        if not holds_template(value):
            return value
        if isinstance(value, str):
            return self._rendered(value)
        if isinstance(value, Mapping):
            return {key: self._deeply_rendered(part) for key, part in value.items()}
        return [self._deeply_rendered(part) for part in value]


def read_inputs(
    declared: Sequence[Input],
    given: Mapping[str, Any],
    *,
    render: Render,
    store_file: StoreFile,
    encrypt: Encrypt | None = None,
    variables: Mapping[str, Any] | None = None,
    unknown: str = "refuse",
) -> dict[str, Any]:
    """Give the typed inputs, dotted ids as nested maps; `InvalidFlow` lists every problem.

    `given`: values by id, as text or JSON; nested maps count for dotted ids; for a FILE, an `Upload`, a
    `Path`, bytes, a map with `name` and `content`, or a kestra:// URI. `render`: evaluates a default or
    condition with these variables. `store_file`: puts a file into internal storage, by input id, file name
    and content, and gives its URI. `encrypt`: what a SECRET becomes; without it, SECRET inputs are refused.
    `unknown`: `refuse` or `ignore` values that no input asks for.
    """
    inputs = {one.id: one for one in flattened(declared)}
    flat = _flat(given, inputs)
    reading = _Inputs(inputs, flat, render, store_file, encrypt, variables or {})
    for one in inputs.values():
        reading.resolve(one)
    if unknown == "refuse":
        reading.problems += [_unknown(name, inputs) for name in flat if name not in inputs]
    if reading.problems:
        raise InvalidFlow("\n".join(map(str, reading.problems)), tuple(reading.problems))
    return nested({name: reading.values[name] for name in inputs if name in reading.values})


def inputs_of(declared: Sequence[Mapping[str, Any]]) -> tuple[Input, ...]:
    """Give declared inputs from what their YAML says, such as a Pause's `onResume`; it has been checked."""
    return tuple(
        Input(one.get("id") or one.get("name") or "", one["type"], one.get("required", True), one)
        for one in declared
    )


def flattened(declared: Sequence[Input]) -> list[Input]:
    """Give all inputs, those of a FORM by their full dotted ids in place of the form."""
    found: list[Input] = []
    for one in declared:
        if one.type != "FORM":
            found.append(one)
            continue
        inside = one.properties.get("inputs") or ()
        children = [child if isinstance(child, Input) else inputs_of([child])[0] for child in inside]
        found += [
            Input(f"{one.id}.{child.id}", child.type, child.required, child.properties) for child in children
        ]
    return found


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Turn dotted names into maps: `a.b` becomes {a: {b: …}}."""
    result: dict[str, Any] = {}
    for name, value in values.items():
        *above, last = name.split(".")
        here = result
        for part in above:
            below = here.setdefault(part, {})
            if not isinstance(below, dict):
                below = here[part] = {}
            here = below
        here[last] = value
    return result


def with_defaults(declared: Sequence[Input], values: Mapping[str, Any]) -> dict[str, Any]:
    """Add the defaults of inputs that have no value: of an execution that nobody gave any, or left out ones.

    Only such as need nothing rendered.
    """
    known = _flat(values, {one.id: one for one in declared})
    missing: dict[str, Any] = {}
    for one in flattened(declared):
        default = one.properties.get("defaults")
        if (
            one.id not in known
            and default is not None
            and one.type != "SECRET"
            and not holds_template(default)
        ):
            with suppress(Refused):
                missing[one.id] = coerce(one.type, default)
    return merged(nested(missing), values) if missing else dict(values)


def _flat(given: Mapping[str, Any], inputs: Mapping[str, Input], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in given.items():
        name = f"{prefix}{key}"
        above = any(other.startswith(f"{name}.") for other in inputs)
        if isinstance(value, Mapping) and name not in inputs and above:
            flat |= _flat(value, inputs, f"{name}.")
        else:
            flat[name] = value
    return flat


def _unknown(name: str, inputs: Mapping[str, Input]) -> Problem:
    close = get_close_matches(name, inputs, n=1, cutoff=0.6)
    known = f"did you mean `{close[0]}`?" if close else f"its inputs are: {', '.join(inputs) or 'none'}"
    return Problem(f"the flow has no input `{name}`; {known}", name)


def _upload(input_id: str, value: Any) -> Upload | str:
    """Read what stands for a file. A text is never taken for a path: on a server that would open any file."""
    if isinstance(value, Upload):
        return value
    if isinstance(value, Path):
        if not value.is_file():
            raise Refused(f"there is no file {value}")
        return Upload(value.name, value)
    if isinstance(value, bytes):
        return Upload(input_id, value)
    if isinstance(value, Mapping) and "content" in value:
        content = value["content"]
        name = PurePosixPath(str(value.get("name") or input_id).replace("\\", "/")).name
        return Upload(
            name or input_id, content if isinstance(content, bytes | Path) else str(content).encode()
        )
    if isinstance(value, str) and value.startswith(("kestra://", "nsfile://")):
        return value
    raise Refused("Expected `FILE`: give a file, or the kestra:// URI of a stored one")


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, Upload | Path | bytes):
        return getattr(value, "name", "bytes")
    return as_text(value)
