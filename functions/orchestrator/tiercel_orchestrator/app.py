"""The orchestrator's door on Lambda, named as those of the families are."""

from tiercel_orchestrator.waking.aws_lambda import handler as handler
