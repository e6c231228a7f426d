"""`template.yaml` is what a reviewer would sign: least privilege, nothing lost, nothing kept for ever."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.contract.families import registry
from tests.infra.tools import tool

ROOT = Path(__file__).parents[2]
TEMPLATE: dict[str, Any] = yaml.safe_load((ROOT / "template.yaml").read_text(encoding="utf-8"))
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]
FAMILIES = sorted(registry().families)
POLICY_BYTES = 20_480
"""How large the permissions of one function may be, all together."""


def of_type(name: str) -> dict[str, dict[str, Any]]:
    return {key: one["Properties"] for key, one in RESOURCES.items() if one["Type"] == name}


def statements(value: Any) -> Iterator[dict[str, Any]]:
    """Find all statements that allow something, however deep they stand."""
    if isinstance(value, dict):
        if value.get("Effect") == "Allow":
            yield value
        for one in value.values():
            yield from statements(one)
    elif isinstance(value, list):
        for one in value:
            yield from statements(one)


def test_a_family_has_two_functions_of_one_image() -> None:
    functions = of_type("AWS::Serverless::Function")
    for family in FAMILIES:
        name = family.title()
        built = [RESOURCES[f"{name}{kind}"]["Metadata"] for kind in ("Function", "Worker")]
        assert built[0] == built[1]
        assert built[0]["DockerBuildArgs"] == {"FAMILY": family}
        assert functions[f"{name}Function"]["Timeout"] == 30
        assert functions[f"{name}Worker"]["Timeout"] == 900


def test_no_role_may_do_anything_to_everything() -> None:
    found = list(statements(of_type("AWS::IAM::Role")))
    assert found
    for statement in found:
        assert not [action for action in statement["Action"] if "*" in action], statement
        if "Resource" in statement:
            assert statement["Resource"] != "*" and json.dumps(statement["Resource"]) != '["*"]'


def test_a_role_belongs_to_one_function() -> None:
    roles = [one["Role"]["Fn::GetAtt"][0] for one in of_type("AWS::Serverless::Function").values()]
    assert len(roles) == len(set(roles))
    assert set(roles) == set(of_type("AWS::IAM::Role")) - {"WakeRole"}  # that is Scheduler's


def test_a_role_reaches_the_queue_of_its_own_family_only() -> None:
    for family in FAMILIES:
        others = {f"{other.title()}Queue" for other in FAMILIES if other != family}
        text = json.dumps(RESOURCES[f"{family.title()}WorkerRole"])
        assert f'"{family.title()}Queue"' in text
        assert not [name for name in others if f'"{name}"' in text]


def test_the_gateway_has_one_permission_per_function_that_it_calls() -> None:
    permissions = of_type("AWS::Lambda::Permission")
    assert set(permissions) == {
        "AuthorizerPermission",
        "OrchestratorPermission",
        *(f"{one.title()}Permission" for one in FAMILIES),
    }
    for permission in permissions.values():
        assert len(json.dumps(permission)) < POLICY_BYTES / 10
        assert "${Api}/" in permission["SourceArn"]["Fn::Sub"]


def test_every_route_but_health_asks_for_a_token() -> None:
    body = RESOURCES["Api"]["Properties"]["DefinitionBody"]
    public = set()
    for path, written in body["paths"].items():
        operations = written["Fn::If"][1] if "Fn::If" in written else written
        for method, operation in operations.items():
            if operation.get("security") != [{"token": []}]:
                public.add((method, path))
    assert public == {("get", f"/v1/families/{family}/health") for family in FAMILIES}
    check = body["components"]["securitySchemes"]["token"]["x-amazon-apigateway-authorizer"]
    assert "$context.routeKey" in check["identitySource"]


def test_the_authorizer_may_only_log() -> None:
    (allowed,) = [one for one in statements(RESOURCES["AuthorizerRole"]) if "Resource" in one]
    assert allowed["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]


def test_nobody_deploys_without_a_key() -> None:
    rules = TEMPLATE["Rules"]
    assert all(name in json.dumps(rules["SomeKey"]) for name in ("JwtKey", "JwtSecretArn", "HmacSecretArn"))
    assert "OrchestratorKeyArn" in json.dumps(rules["KeyOfTheOrchestrator"])


def test_a_queue_hides_a_message_longer_than_its_worker_may_take_and_loses_none() -> None:
    queues = of_type("AWS::SQS::Queue")
    for family in FAMILIES:
        queue = queues[f"{family.title()}Queue"]
        assert queue["VisibilityTimeout"] >= 6 * RESOURCES[f"{family.title()}Worker"]["Properties"]["Timeout"]
        dead = queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
        assert queues[dead]["MessageRetentionPeriod"] == 14 * 24 * 3600
        (source,) = RESOURCES[f"{family.title()}Worker"]["Properties"]["Events"].values()
        assert source["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert source["Properties"]["BatchSize"] == 1


def test_every_function_logs_to_a_group_that_forgets() -> None:
    groups = of_type("AWS::Logs::LogGroup")
    for function in of_type("AWS::Serverless::Function").values():
        assert groups[function["LoggingConfig"]["LogGroup"]["Ref"]]["RetentionInDays"]


def test_what_holds_data_outlives_the_stack() -> None:
    kept = {name for name, one in RESOURCES.items() if one.get("DeletionPolicy") == "Retain"}
    assert kept == {"StorageBucket", "ResultsDeadLetters", *(f"{one.title()}DeadLetters" for one in FAMILIES)}


def test_cfn_lint_and_the_translator_of_sam_find_nothing() -> None:
    ran = subprocess.run(
        [tool("cfn-lint"), "--format", "json", str(ROOT / "template.yaml")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "AWS_DEFAULT_REGION": "us-east-1"},
    )
    assert (ran.returncode, json.loads(ran.stdout or "[]")) == (0, []), ran.stdout + ran.stderr


def test_cfn_lint_would_find_what_is_wrong(tmp_path: Path) -> None:
    broken = tmp_path / "template.yaml"
    text = (ROOT / "template.yaml").read_text(encoding="utf-8")
    broken.write_text(text.replace("VisibilityTimeout", "VisibiltyTimeout"), encoding="utf-8")
    ran = subprocess.run([tool("cfn-lint"), str(broken)], capture_output=True, text=True, check=False)
    assert ran.returncode != 0


def test_the_orchestrator_is_there_only_where_a_store_is_given() -> None:
    mine = {name for name, one in RESOURCES.items() if name.startswith(("Orchestrator", "Wake"))}
    assert mine >= {"Orchestrator", "OrchestratorRole", "WakeGroup", "WakeRole", "WakePolicy"}
    assert {name for name, one in RESOURCES.items() if one.get("Condition") == "HasOrchestrator"} == mine
    assert TEMPLATE["Conditions"]["HasOrchestrator"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "StoreUrlArn"}, ""]}]
    }


def test_the_orchestrator_is_woken_by_results_dead_letters_and_a_slow_rule() -> None:
    properties = RESOURCES["Orchestrator"]["Properties"]
    events = properties["Events"]
    fed = {
        one["Properties"]["Queue"]["Fn::GetAtt"][0]: one["Properties"]
        for one in events.values()
        if one["Type"] == "SQS"
    }
    assert fed.keys() == {"ResultsQueue", *(f"{family.title()}DeadLetters" for family in FAMILIES)}
    for queue, source in fed.items():
        assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert RESOURCES[queue]["Properties"]["VisibilityTimeout"] >= properties["Timeout"]
    (rule,) = [one["Properties"] for one in events.values() if one["Type"] == "Schedule"]
    assert json.loads(rule["Input"]) == {"wake": True}
    assert RESOURCES["Orchestrator"]["Metadata"]["DockerBuildArgs"] == {"FAMILY": "orchestrator"}


def test_the_orchestrator_sends_to_families_and_takes_only_what_is_for_it() -> None:
    allowed = {
        action: [one["Fn::GetAtt"][0] for one in statement["Resource"]]
        for statement in statements(RESOURCES["OrchestratorRole"])
        for action in statement["Action"]
        if action.startswith("sqs:")
    }
    queues = {f"{family.title()}Queue" for family in FAMILIES}
    assert set(allowed["sqs:SendMessage"]) == {"ResultsQueue", *queues}
    assert not queues & set(allowed["sqs:ReceiveMessage"])
    (passing,) = [one for one in statements(RESOURCES["OrchestratorRole"]) if "iam:PassRole" in one["Action"]]
    assert passing["Resource"] == {"Fn::GetAtt": ["WakeRole", "Arn"]}
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}


def test_a_result_waits_out_a_long_outage_of_the_store() -> None:
    queue = RESOURCES["ResultsQueue"]["Properties"]
    waits = queue["VisibilityTimeout"] * queue["RedrivePolicy"]["maxReceiveCount"]
    assert 6 * 3600 <= waits < queue["MessageRetentionPeriod"]


def test_a_family_leaves_runs_to_its_own_worker_under_a_token_of_its_own() -> None:
    for family in FAMILIES:
        for kind in ("Function", "Worker"):
            name = f"{family.title()}{kind}"
            variables = RESOURCES[name]["Properties"]["Environment"]["Variables"]
            assert variables["TIERCEL_WORK_QUEUE_URL"] == {"Ref": f"{family.title()}Queue"}
            assert f":SecretString:{family}}}}}" in json.dumps(variables["TIERCEL_SERVICE_TOKEN"])
        sending = [
            one["Resource"]
            for one in statements(RESOURCES[f"{family.title()}FunctionRole"])
            if "sqs:SendMessage" in one["Action"]
        ]
        assert sending == [{"Fn::GetAtt": [f"{family.title()}Queue", "Arn"]}]


def test_how_much_and_from_where_is_for_whoever_deploys_to_say() -> None:
    api = RESOURCES["Api"]["Properties"]
    limits = api["DefaultRouteSettings"]
    assert limits["ThrottlingRateLimit"] == {"Ref": "ThrottlingRateLimit"}
    assert limits["ThrottlingBurstLimit"] == {"Ref": "ThrottlingBurstLimit"}
    condition, cors, otherwise = api["DefinitionBody"]["x-amazon-apigateway-cors"]["Fn::If"]
    assert (condition, otherwise) == ("HasOrigins", {"Ref": "AWS::NoValue"})
    assert cors["allowOrigins"] == {"Ref": "AllowedOrigins"}
    assert TEMPLATE["Parameters"]["AllowedOrigins"]["Default"] == ""
    common = TEMPLATE["Globals"]["Function"]
    assert common["Environment"]["Variables"]["TIERCEL_BODY_BYTES"] == {"Ref": "BodyBytes"}
    assert TEMPLATE["Parameters"]["BodyBytes"]["MaxValue"] == 6 * 1024 * 1024
    assert common["VpcConfig"]["Fn::If"][0] == "HasVpc"
    for function in of_type("AWS::Serverless::Function").values():
        assert function["ReservedConcurrentExecutions"]["Fn::If"][:2] == [
            "HasReserve",
            {"Ref": "ReservedConcurrency"},
        ]
        # no version stands between a changed parameter and the function: what runs is what was deployed
        assert "AutoPublishAlias" not in function
        assert "MemorySize" in function


def test_every_alarm_is_told_to_who_wants_to_hear_and_each_function_has_one() -> None:
    alarms = of_type("AWS::CloudWatch::Alarm").values()
    assert all(
        one["AlarmActions"]["Fn::If"][:2] == ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}]] for one in alarms
    )
    watched = {
        dimension["Value"]["Ref"]
        for one in alarms
        for dimension in one["Dimensions"]
        if one["MetricName"] == "Errors"
    }
    assert watched == set(of_type("AWS::Serverless::Function"))
    dead = {
        one["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
        for one in of_type("AWS::SQS::Queue").values()
        if "RedrivePolicy" in one
    }
    filled = {
        dimension["Value"]["Fn::GetAtt"][0]
        for one in alarms
        for dimension in one["Dimensions"]
        if dimension["Name"] == "QueueName"
    }
    assert dead <= filled, dead - filled
