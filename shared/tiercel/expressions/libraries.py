"""The tables of every filter, function and test: template name to `module:function`."""

from __future__ import annotations

from tiercel.expressions.operations import Library


def _rows(module: str, words: str) -> dict[str, str]:
    """Read `name` or `name=function` words of one module."""
    pairs = (word.partition("=") for word in words.split())
    return {name: f"{module}:{function or name}" for name, _, function in pairs}


FILTERS = Library(
    "filter",
    1,
    {
        **_rows(
            "filters.text",
            "abbreviate capitalize lower upper title trim nl2br startsWith=starts_with endsWith=ends_with "
            "substringBefore=substring_before substringBeforeLast=substring_before_last "
            "substringAfter=substring_after substringAfterLast=substring_after_last slugify indent nindent "
            "escapeChar=escape_char string condense format=format_",
        ),
        **_rows(
            "filters.patterns",
            "replace split regexMatch=regex_match regexReplace=regex_replace regexExtract=regex_extract",
        ),
        **_rows(
            "filters.collections",
            "default first last join length slice sort rsort reverse merge chunk distinct flatten "
            "keys values",
        ),
        **_rows("filters.classes", "className=class_name"),
        **_rows("filters.numbers", "abs=abs_ number numberFormat=number_format numberformat=number_format"),
        **_rows("filters.encoding", "base64encode base64decode urlencode urldecode md5 sha1 sha256 sha512"),
        **_rows("filters.data", "json=to_json toJson=to_json toIon=to_ion yaml jq"),
        **_rows(
            "filters.dates",
            "date dateAdd=date_add timestamp timestampMilli=timestamp_milli timestampMicro=timestamp_micro "
            "timestampNano=timestamp_nano",
        ),
    },
)

FUNCTIONS = Library(
    "function",
    0,
    {
        **_rows(
            "functions.values",
            "max=max_ min=min_ range=range_ block currentEachOutput=current_each_output "
            "loopOutputs=loop_outputs i18n parent",
        ),
        **_rows("functions.data", "fromJson=from_json json=from_json fromIon=from_ion yaml encrypt decrypt"),
        **_rows(
            "functions.rendering",
            "render renderOnce=render_once printContext=fetch_context fetchContext=fetch_context",
        ),
        **_rows(
            "functions.outside",
            "secret kv read fileURI=file_uri fileSize=file_size fileExists=file_exists "
            "isFileEmpty=is_file_empty errorLogs=error_logs tasksWithState=tasks_with_state http subflow env",
        ),
        **_rows(
            "functions.generators",
            "uuid id=id_ ksuid nanoId=nano_id randomInt=random_int randomPort=random_port",
        ),
        **_rows(
            "functions.calendar",
            "now isWeekend=is_weekend isPublicHoliday=is_public_holiday "
            "isDayWeekInMonth=is_day_week_in_month isLastWorkingDay=is_last_working_day "
            "dayOfWeek=day_of_week dayOfMonth=day_of_month monthOfYear=month_of_year "
            "hourOfDay=hour_of_day isDateBetween=is_date_between",
        ),
    },
)

TESTS = Library(
    "test",
    1,
    _rows("tests", "defined empty even iterable json map=map_ null none=null odd"),
)
