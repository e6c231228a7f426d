"""Tasks of `io.kestra.plugin.graphql`: a query by HTTP."""

import json
from typing import Any

from pydantic import Field

from tiercel.context import ExecutionContext
from tiercel.errors import TaskFailed
from tiercel.plugin import BaseOutput, BasePlugin, PluginOutput, success
from tiercel_core.http.exchange import JSON
from tiercel_core.http.requests import EncryptableParams, request


class GraphQLParams(EncryptableParams):
    method: str = Field("POST", description="The HTTP method.")
    query: str = Field(description="The query, or the mutation.")
    variables: dict[str, Any] | None = Field(None, description="Values of the variables that it names.")
    operation_name: str | None = Field(None, description="Which operation of the query to run.")
    fail_on_graph_ql_errors: bool = Field(
        False, alias="failOnGraphQLErrors", description="Whether errors in the answer are a failure."
    )


class GraphQLOutput(BaseOutput):
    uri: str | None = Field(None, description="Address that answered, after redirects.")
    code: int | None = Field(None, description="Status of the answer.")
    headers: dict[str, list[str]] | None = Field(None, description="Headers of the answer.")
    body: Any = Field(None, description="What the query gave.")
    error: Any = Field(None, description="The errors, where there are some.")
    encrypted_body: str | None = Field(None, description="What the query gave, encrypted.")


class Request(BasePlugin[GraphQLParams, GraphQLOutput]):
    """Send a GraphQL query and keep what it gives as output."""

    task_types = ("io.kestra.plugin.graphql.Request",)

    async def run(self, params: GraphQLParams, context: ExecutionContext) -> PluginOutput:
        query = {
            "query": params.query,
            **({"variables": params.variables} if params.variables is not None else {}),
            **({"operationName": params.operation_name} if params.operation_name else {}),
        }
        sent = params.model_copy(update={"body": json.dumps(query), "content_type": JSON, "form_data": None})
        found = await request(sent, context)
        data, errors = read_answer(found.body)
        if errors and params.fail_on_graph_ql_errors:
            told = json.dumps(errors)[:300]
            raise TaskFailed(f"The query was answered with errors: {told}; correct it, or its variables.")
        fields = found.model_dump(exclude={"body", "form_data"})
        return success(GraphQLOutput(**fields, body=data, error=errors))


def read_answer(body: Any) -> tuple[Any, Any]:
    """Take data and errors from an answer; an encrypted one stays closed."""
    if not isinstance(body, str):
        return None, None
    try:
        answer = json.loads(body)
    except ValueError as error:
        raise TaskFailed("The answer is no JSON, and so none of GraphQL: correct `uri`.") from error
    if not isinstance(answer, dict):
        raise TaskFailed("The answer is no JSON object, and so none of GraphQL: correct `uri`.")
    return answer.get("data"), answer.get("errors")
