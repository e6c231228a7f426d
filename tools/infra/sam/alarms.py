"""Alarms: each counts something that should not happen."""

from typing import Any

from tools.infra.sam.intrinsics import ref, when


def alarm(metric: str, namespace: str, dimension: str, value: Any, statistic: str = "Sum") -> dict[str, Any]:
    """Raise an alarm when a metric is above zero for five minutes."""
    topic = when("HasAlarmTopic", [ref("AlarmTopicArn")])
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "Namespace": namespace,
            "MetricName": metric,
            "Dimensions": [{"Name": dimension, "Value": value}],
            "Statistic": statistic,
            "Period": 300,
            "EvaluationPeriods": 1,
            "Threshold": 0,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmActions": topic,
            "OKActions": topic,
        },
    }
