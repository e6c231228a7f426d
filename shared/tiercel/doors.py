"""What all doors of a family do alike: read envelopes that come from outside, and run them."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from tiercel.envelope import Envelope, Result, WireError, WireProblem
from tiercel.errors import InvalidFlow, Problem, TiercelError
from tiercel.plugin import State
from tiercel.registry import Family
from tiercel.settings import Settings

if TYPE_CHECKING:
    from tiercel.http.run_rows import RunRows
    from tiercel.services import Services

ELSEWHERE = "run its family in a process of yours, split the task, or declare a shorter timeout."
ELSEWHERE_THAN_LAMBDA = f"deploy its family to Cloud Run, which allows 3,600 s, {ELSEWHERE}"


class Dispatcher:
    """One family in this process; its services and its runtime are built when the first task comes."""

    def __init__(
        self,
        family: Family,
        services: "Services | None" = None,
        settings: Settings | None = None,
        observe: "Callable[[Envelope, Result], None] | None" = None,
    ) -> None:
        self.family = family
        self.settings = settings or Settings.read()
        self._services = services
        self.observe = observe
        """Is told of every task run that has ended."""

    @property
    def services(self) -> "Services":
        """Give the services."""
        if self._services is None:
            from tiercel.services import local_services

            self._services = local_services(settings=self.settings)
        return self._services

    @cached_property
    def rows(self) -> "RunRows | None":
        """Give where runs are kept for all processes of the family; None where each keeps its own."""
        if self.settings.service_token is None:
            return None
        from tiercel.http.run_rows import RunRows

        return RunRows.of(self.settings, self.family)

    async def run(self, envelope: Envelope) -> Result:
        """Run one envelope; settings that are wrong fail every task, and say so."""
        from tiercel.runtime import execute

        try:
            services = self.services
        except TiercelError as error:
            return Result(state=State.FAILED, error=WireError(kind="TaskFailed", message=str(error)))
        result = await execute(envelope, self.family, services)
        if self.observe:
            self.observe(envelope, result)
        return result

    async def close(self) -> None:
        """Let go of what was opened."""
        if self._services is not None:
            await self._services.http.close()
            self._services.close()
        if vars(self).get("rows"):
            vars(self).pop("rows").close()


def read_envelope(content: Any) -> Envelope:
    """Read an envelope from outside; `InvalidFlow` lists each problem."""
    try:
        envelope = Envelope.model_validate(content)
    except ValidationError as error:
        problems = tuple(
            Problem(details["msg"], ".".join(map(str, details["loc"])))
            for details in error.errors(include_url=False, include_input=False, include_context=False)
        )
        listed = "; ".join(f"`{problem.path or '(all)'}`: {problem.message}" for problem in problems)
        raise InvalidFlow(
            f"The envelope does not fit its schema, infra/schemas/envelope.v1.json: {listed}.", problems
        ) from None
    # a directory of this machine is for callers in this process to name
    envelope.context.working_directory = None
    return envelope


def check_timeout(envelope: Envelope, settings: Settings) -> None:
    """Refuse a task that declares to take longer than anything may take here, before it is begun."""
    declared, most = envelope.context.timeout_seconds, settings.most_seconds
    if declared is None or most is None or declared <= most:
        return
    where, instead = ("Lambda", ELSEWHERE_THAN_LAMBDA) if settings.on_lambda else ("Cloud Run", ELSEWHERE)
    message = f"The task declares a timeout of {declared:,g} s, and {where} ends everything after {most:,g} s"
    raise InvalidFlow(f"{message}: {instead}", (Problem(f"at most {most:g} here", "context.timeoutSeconds"),))


def with_timeout(envelope: Envelope, seconds: float) -> Envelope:
    """Bound a task's timeout by what the door can wait."""
    declared = envelope.context.timeout_seconds
    bounded = seconds if declared is None else min(declared, seconds)
    context = envelope.context.model_copy(update={"timeout_seconds": bounded})
    return envelope.model_copy(update={"context": context})


def refused(error: InvalidFlow) -> Result:
    """Answer for an envelope that cannot be run."""
    problems = [WireProblem(message=problem.message, path=problem.path) for problem in error.problems]
    return Result(
        state=State.FAILED, error=WireError(kind="InvalidParameters", message=str(error), problems=problems)
    )
