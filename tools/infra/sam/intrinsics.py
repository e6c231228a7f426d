"""CloudFormation's functions, in the form that every YAML reader takes."""

from typing import Any

NO_VALUE = {"Ref": "AWS::NoValue"}


def ref(name: str) -> Any:
    """Refer to a parameter or a resource."""
    return {"Ref": name}


def sub(text: str) -> Any:
    """Fill in a text."""
    return {"Fn::Sub": text}


def arn(name: str) -> Any:
    """Give the ARN of a resource."""
    return {"Fn::GetAtt": [name, "Arn"]}


def when(condition: str, value: Any, otherwise: Any = NO_VALUE) -> Any:
    """Choose by a condition."""
    return {"Fn::If": [condition, value, otherwise]}


def given(parameter: str) -> Any:
    """Say whether a text parameter was given."""
    return {"Fn::Not": [{"Fn::Equals": [ref(parameter), ""]}]}


def listed(parameter: str) -> Any:
    """Say whether a list parameter was given."""
    return {"Fn::Not": [{"Fn::Equals": [{"Fn::Join": ["", ref(parameter)]}, ""]}]}
