"""Every key that an entry may use, after the corpus's VOCABULARY.md; any other makes its entry fail."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

KINDS = ("flow", "parse", "inputs", "invalid", "task-unit")


def words(text: str) -> frozenset[str]:
    """Split a list of words."""
    return frozenset(text.split())


ENTRY = words(
    """bypass_input_validation category config counts_also_in_1_3_19 drift_1_3_19 env
    execution_labels expected expected_state flow_id globals id inputs java_test kestra_version kind
    later_versions message_mode namespace needs_test_plugin note precondition properties raw_inputs
    reason requires_flows requires_template seed_kv seed_namespace_files sequence_id sequence_index
    stage task_type types_used update_of variables flow"""
)
EXECUTION = words(
    """absent_tasks all_task_states attempt_log_file attempt_state_by_index attempt_states_by_index
    attempts attempts_at_least_by_index attempts_by_index execution_variables_include
    failed_taskruns_at_least flow_outputs flow_outputs_count flow_outputs_startswith labels_exact
    labels_include last_taskrun_starts_after_execution_end logs outputs task_occurrences task_states
    task_states_by_index taskrun_count taskrun_count_at_least taskrun_ids_by_index taskrun_iteration
    typed_inputs"""
)
RELATED = words(
    "all_executions_of_flow_final_states child_executions descendant_executions path requests steps triggered"
)
EXPECTED: Mapping[str, frozenset[str]] = {
    "flow": EXECUTION | RELATED,
    "parse": words("parse"),
    "inputs": words("error error_contains error_equals file_content_preserved typed_inputs typed_inputs_not"),
    "invalid": words("message_contains violations"),
    "task-unit": words(
        """at concatenation_equals_input condition deleted droppedItemsTotal error error_contains error_equals
        expiration expiration_between_minutes_from_now from inputs items kv_value labels_include
        log_lines_containing metrics newlines_total next_local_date numKeys processedItemsTotal sequence size
        storage_content stored_in trigger.date trigger.next trigger.previous uri_endswith uris_count value
        workdir_content workdir_entries_after"""
    )
    | {"trigger.date zone offset in the test"},
}
SELECTORS = words("execution_outputs_path path task taskrun_index values")
MATCHER = SELECTORS | words(
    """contains contains_output_of contains_prefixed_output_of endswith equals excludes_keys
    greater_than has_key includes is_null not_blank not_equals not_null regex size startswith
    storage_content storage_file_line_count zoned_datetime_within_seconds_of_now"""
)
LOG = words("any contains count endswith equals level regex startswith task taskrun_index values")
RELATIVE = EXECUTION | words(
    """count flow flow_outputs_count input_items_regex inputs labels labels_count
    may_finish_after_parent state trigger_type trigger_variables"""
)
REQUEST = words("body creates_execution headers http_status key method query")
ITERATION = words("equals occurrence task")
STEP = words(
    """action after_ms all_task_states attempt_state attempts attempts_by_index error error_contains
    execution_gone execution_state first_ends flow history_count http_status inputs labels_include
    logs_at_INFO new_execution_id new_taskrun_ids not_state outputs parent_id passes_through run
    run_flow run_this_flow_with same_execution_id same_taskrun_ids second_ends second_history_prefix
    start start_with_scheduleDate state task_states task_states_by_index taskrun0_history_count
    taskrun0_history_counts taskrun0_state taskrun2_history_count taskrun2_history_counts
    taskrun_count taskruns_in_state_more_than trigger_variables triggered_count triggered_this_flow
    until wait"""
)
EXPRESSION = words(
    """config dynamic expected java_test jvm_specific kestra_version note seed_logs
    seed_namespace_files seed_storage template template_kind variables"""
)
EXPRESSION_EXPECTED = words(
    """comma_count contains endswith error int_between json_list_contains json_object_includes
    message_contains nested_key_order not_empty not_equals rendered rendered_key_order startswith"""
)


def unknown(where: str, keys: Iterable[str], known: frozenset[str]) -> Iterator[str]:
    """Say of each unknown key that it is one."""
    for key in keys:
        if key not in known:
            yield f"unknown key `{key}` in {where}"


def problems(entry: Mapping[str, Any]) -> list[str]:
    """List the unknown keys of an entry of flows.json, at every depth."""
    kind = entry.get("kind")
    if kind not in KINDS:
        return [f"unknown kind `{kind}`"]
    expected = entry.get("expected") or {}
    return [
        *unknown("the entry", entry, ENTRY),
        *unknown("expected", expected, EXPECTED[kind]),
        *(of_expectations("expected", expected) if kind == "flow" else ()),
    ]


def of_expectations(where: str, expected: Mapping[str, Any]) -> Iterator[str]:
    """Find unknown keys below what is expected of an execution."""
    for matcher in expected.get("outputs") or ():
        yield from unknown(f"{where}.outputs", matcher, MATCHER)
    for line in expected.get("logs") or ():
        yield from unknown(f"{where}.logs", line, LOG)
    for iteration in expected.get("taskrun_iteration") or ():
        yield from unknown(f"{where}.taskrun_iteration", iteration, ITERATION)
    for name in ("child_executions", "descendant_executions", "triggered"):
        for relative in listed(expected.get(name)):
            yield from unknown(f"{where}.{name}", (key for key in relative if not in_order(key)), RELATIVE)
            yield from of_expectations(f"{where}.{name}", relative)
    for request in expected.get("requests") or ():
        yield from unknown(f"{where}.requests", request, REQUEST)
    for step in expected.get("steps") or ():
        yield from unknown(f"{where}.steps", step, STEP)
        yield from of_expectations(f"{where}.steps", {"outputs": step.get("outputs")})


def in_order(key: str) -> bool:
    """Say whether a key names the values of one flow output over all triggered executions."""
    return key.startswith("flow_outputs_") and key.endswith("_in_order")


def listed(value: Any) -> list[Mapping[str, Any]]:
    """Take one object as a list of one."""
    if not value:
        return []
    return [value] if isinstance(value, Mapping) else list(value)


def expression_problems(entry: Mapping[str, Any]) -> list[str]:
    """List the unknown keys of an entry of expressions.json."""
    expected = entry.get("expected")
    return [
        *unknown("the entry", entry, EXPRESSION),
        *(unknown("expected", expected, EXPRESSION_EXPECTED) if isinstance(expected, Mapping) else ()),
    ]
