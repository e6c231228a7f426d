"""What whoever deploys may decide, each with a default that suits a new account."""

from typing import Any

from tools.infra.sam.intrinsics import given, listed

RETENTION_DAYS = [1, 3, 5, 7, 14, 30, 60, 90, 180, 365]


def text(description: str, default: str | None = "", **more: Any) -> dict[str, Any]:
    """Ask for a text; without a default it has to be given."""
    found: dict[str, Any] = {"Type": "String", "Description": description}
    return found | ({} if default is None else {"Default": default}) | more


def number(description: str, default: int, **more: Any) -> dict[str, Any]:
    """Ask for a number."""
    return {"Type": "Number", "Description": description, "Default": default, **more}


def several(description: str) -> dict[str, Any]:
    """Ask for a list; empty by default."""
    return {"Type": "CommaDelimitedList", "Description": description, "Default": ""}


PARAMETERS: dict[str, Any] = {
    "JwtKey": text(
        "Public JSON Web Key, or a set of them, that callers' tokens are signed with (ES256, RS256). With it "
        "a function can tell a good token and cannot make one.",
    ),
    "JwtSecretArn": text(
        "Instead: ARN of a secret in Secrets Manager, the text that signs tokens (HS256, from 32 bytes).",
        AllowedPattern="^(arn:[a-z-]+:secretsmanager:.+)?$",
    ),
    "StoreUrlArn": text(
        "ARN of a secret that is a Postgres's address, postgresql://…: with it there is an orchestrator.",
        AllowedPattern="^(arn:[a-z-]+:secretsmanager:.+)?$",
    ),
    "OrchestratorKeyArn": text(
        "ARN of a secret that is the private JSON Web Key whose public half is JwtKey, for the orchestrator.",
        AllowedPattern="^(arn:[a-z-]+:secretsmanager:.+)?$",
    ),
    "OrchestratorMemorySize": number("MB of the orchestrator.", 1024, MinValue=256, MaxValue=10240),
    "OrchestratorConcurrency": number(
        "How many batches of results are taken in at once.", 5, MinValue=2, MaxValue=1000
    ),
    "HmacSecretArn": text(
        "Instead, or beside: ARN of a secret that callers sign each request with (HMAC, from 32 bytes).",
        AllowedPattern="^(arn:[a-z-]+:secretsmanager:.+)?$",
    ),
    "SupabaseUrl": text("URL of the Supabase project that holds keys and states; empty: none."),
    "SupabaseAnonKey": text("The project's public key."),
    "ServiceTokensArn": text(
        "ARN of a secret that `tiercel families tokens` wrote: with it, a call that takes long is answered "
        "with a run, which is kept in the Supabase project.",
        AllowedPattern="^(arn:[a-z-]+:secretsmanager:.+)?$",
    ),
    "SupabaseServiceKeyArn": text(
        "ARN of a secret that is the project's service key, for the orchestrator; empty: it reads no Vault.",
        AllowedPattern="^(arn:[a-z-]+:secretsmanager:.+)?$",
    ),
    "MemorySize": number("MB of each function that answers calls.", 1024, MinValue=256, MaxValue=10240),
    "WorkerMemorySize": number(
        "MB of each function that works off a queue.", 2048, MinValue=256, MaxValue=10240
    ),
    "ReservedConcurrency": number(
        "How many calls each function may run at once; 0 reserves nothing, as a new account needs it.",
        0,
        MinValue=0,
    ),
    "WorkerConcurrency": number(
        "How many messages of a queue are worked on at once.", 10, MinValue=2, MaxValue=1000
    ),
    "Architecture": text("Processor of the functions; the images have to be built for it.", "x86_64")
    | {"AllowedValues": ["x86_64", "arm64"]},
    "SubnetIds": several("Subnets for the functions, with a way out; empty: no VPC."),
    "SecurityGroupIds": several("Security groups of the functions, where subnets are given."),
    "ThrottlingRateLimit": number("Requests per second that the gateway lets through.", 50, MinValue=1),
    "ThrottlingBurstLimit": number("Requests that it lets through at once.", 100, MinValue=1),
    "BodyBytes": number(
        "The largest body that a family accepts.", 6 * 1024 * 1024, MinValue=1024, MaxValue=6291456
    ),
    "AllowedOrigins": several("Origins of web pages that may call the API; empty: none."),
    "LogRetentionDays": number("How long logs are kept.", 30, AllowedValues=RETENTION_DAYS),
    "AlarmTopicArn": text("SNS topic that hears of alarms; empty: nobody does."),
    "StateMachineArns": several("Step Functions that wait for a family by task token; empty: none."),
}

RULES: dict[str, Any] = {
    "SomeKey": {
        "Assertions": [
            {
                "Assert": {"Fn::Or": [given("JwtKey"), given("JwtSecretArn"), given("HmacSecretArn")]},
                "AssertDescription": "Give JwtKey, JwtSecretArn or HmacSecretArn; nobody could be let in.",
            }
        ]
    },
    "KeyOfTheOrchestrator": {
        "RuleCondition": given("StoreUrlArn"),
        "Assertions": [
            {
                "Assert": {"Fn::Or": [given("OrchestratorKeyArn"), given("JwtSecretArn")]},
                "AssertDescription": "Give OrchestratorKeyArn beside JwtKey, or JwtSecretArn.",
            }
        ],
    },
}

CONDITIONS: dict[str, Any] = {
    "HasOrchestrator": given("StoreUrlArn"),
    "HasOrchestratorKey": given("OrchestratorKeyArn"),
    "HasJwtKey": given("JwtKey"),
    "HasJwtSecret": given("JwtSecretArn"),
    "HasHmacSecret": given("HmacSecretArn"),
    "HasSupabase": given("SupabaseUrl"),
    "HasServiceTokens": given("ServiceTokensArn"),
    "HasSupabaseServiceKey": given("SupabaseServiceKeyArn"),
    "HasReserve": {"Fn::Not": [{"Fn::Equals": [{"Ref": "ReservedConcurrency"}, 0]}]},
    "HasVpc": listed("SubnetIds"),
    "HasOrigins": listed("AllowedOrigins"),
    "HasAlarmTopic": given("AlarmTopicArn"),
    "HasStateMachines": listed("StateMachineArns"),
}
