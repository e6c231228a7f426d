"""Dates: reading, writing, going on."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tiercel.expressions import ExpressionError, render

VARIABLES: dict[str, Any] = {
    "zoned": datetime(2013, 9, 8, 16, 19, 12, 123_456, tzinfo=timezone(timedelta(hours=1))),
    "local": datetime(2013, 9, 8, 16, 19, 12),
    "utc": datetime(2024, 2, 8, 1, 2, 3, tzinfo=UTC),
}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("zoned | date", "2013-09-08T15:19:12.123456Z"),
        (
            "zoned | date('yyyy-MM-dd HH:mm:ss.SSSXXX', timeZone='Europe/Paris')",
            "2013-09-08 17:19:12.123+02:00",
        ),
        ("local | date('iso_sec', timeZone='+05:30')", "2013-09-08T16:19:12+05:30"),
        ("utc | date('yy M d h:mm a EEE EEEE MMM MMMM')", "24 2 8 1:02 AM Thu Thursday Feb February"),
        ("utc | date(\"D Q QQQ G 'at' H 'o''clock' k K n A\")", "39 1 Q1 AD at 1 o'clock 1 1 0 3723000"),
        ("utc | date('X x XX Z ZZZZ O VV z')", "Z +00 Z +0000 GMT GMT UTC UTC"),
        (
            "utc | date('X XX XXX Z O z VV', timeZone='Asia/Kolkata')",
            "+0530 +0530 +05:30 +0530 GMT+5:30 IST Asia/Kolkata",
        ),
        ("utc | date('EEEE d MMMM yyyy', locale='fr')", "jeudi 8 février 2024"),
        ("utc | date('zzzz', timeZone='Europe/Paris')", "Central European Standard Time"),
        ("utc | date('sql')", "2024-02-08 01:02:03.000000"),
        ("utc | date('iso_date_time')", "2024-02-08T01:02:03Z"),
        (
            "utc | date('iso_zoned_date_time', timeZone='Europe/Paris')",
            "2024-02-08T02:02:03+01:00[Europe/Paris]",
        ),
        ("utc | date('iso_ordinal_date')", "2024-039Z"),
        ("utc | date('iso_week_date')", "2024-W06-4Z"),
        ("utc | date('rfc_1123_date_time')", "Thu, 8 Feb 2024 01:02:03 GMT"),
        ("'July 24, 2001' | date('yyyy-MM-dd', existingFormat='MMMM dd, yyyy')", "2001-07-24"),
        ("'24/07/01 5:06 PM' | date('iso_local_date_time', 'dd/MM/yy h:mm a')", "2001-07-24T17:06:00"),
        ("'24 juillet 2001' | date('iso_local_date', 'd MMMM yyyy', locale='fr')", "2001-07-24"),
        ("'20010724T050607+0200' | date('iso', \"yyyyMMdd'T'HHmmssZ\")", "2001-07-24T03:06:07.000000Z"),
        ("'2024-01-31' | dateAdd(1, 'MONTHS') | date('iso_local_date')", "2024-02-29"),
        (
            "'2024-03-31T00:30:00+01:00' | dateAdd(1, 'DAYS', timeZone='Europe/Paris')",
            "2024-04-01T00:30:00.000000+02:00",
        ),
        (
            "'2024-03-31T00:30:00+01:00' | dateAdd(24, 'hours', timeZone='Europe/Paris')",
            "2024-04-01T01:30:00.000000+02:00",
        ),
        ("zoned | timestamp", "1378653552"),
        ("zoned | timestampMicro", "1378653552123456"),
        ("1378653552 | date('iso_local_date')", "2013-09-08"),
        ("1378653552123 | date('iso_local_date')", "2013-09-08"),
        ("'2013-09-08T15:19:12.123456789Z' | date('SSSSSS')", "123456"),
        ("'2024-01-15T10:30:00Z' | date('basic_iso_date')", "20240115Z"),
        ("'2024-01-15T10:30:00Z' | date('basic_iso_date', timeZone='Europe/Paris')", "20240115+0100"),
        ("null | date", ""),
        ("'2024-03-10T02:30:00' | date('iso_sec', timeZone='America/New_York')", "2024-03-10T03:30:00-04:00"),
        ("'2024-11-03T01:30:00' | date('iso_sec', timeZone='America/New_York')", "2024-11-03T01:30:00-04:00"),
        (
            "'2024-03-09T07:30:00Z' | dateAdd(1, 'DAYS', 'iso_sec', timeZone='America/New_York')",
            "2024-03-10T03:30:00-04:00",
        ),
        ("'0001-01-01' | date('yyyy', timeZone='Europe/Paris')", "0001"),
        ("'2023-12-31' | date(\"YYYY-'W'ww e W\")", "2024-W01 1 6"),
        ("'2023-12-31' | date(\"YYYY-'W'ww e W\", locale='fr_FR')", "2023-W52 7 4"),
        ("'2023-12-31' | date('iso_week_date')", "2023-W52-7Z"),
        ("utc | date('pph:mm B')", " 1:02 at night"),
        ("'2024-02-03T12:00:00Z' | date('B|BBBBB|pppd')", "noon|n|  3"),
        ("'2024-02-03T18:30:00Z' | date('h B', locale='de')", "6 abends"),
        ("' 9:05' | date('HH:mm', existingFormat='ppH:mm')", "09:05"),
        ("isWeekend('2024-02-10')", "true"),
        ("isDayWeekInMonth('2024-02-26', 'monday', 'LAST')", "true"),
        ("isDayWeekInMonth('2024-02-12', 'MONDAY', 'FIRST')", "false"),
        ("isLastWorkingDay('2024-03-29')", "true"),
        ("isLastWorkingDay('2024-03-28', 'MONDAY,TUESDAY,WEDNESDAY,THURSDAY')", "true"),
        ("isPublicHoliday('2024-07-14', 'FR')", "true"),
        ("isPublicHoliday('2024-07-15', 'fr')", "false"),
        ("isPublicHoliday('2024-01-06', 'DE', 'BW')", "true"),
        ("isPublicHoliday('2024-01-06', 'DE', subDivision='DE-BE')", "false"),
        ("dayOfWeek(utc)", "THURSDAY"),
        ("dayOfMonth(utc) ~ monthOfYear(utc) ~ hourOfDay(utc)", "821"),
        (
            "isDateBetween('2026-03-01T00:00:00+02:00', '2026-02-28T21:59:59Z', '2026-02-28T22:00:01Z')",
            "true",
        ),
    ],
)
def test_dates_are_those_of_java(expression: str, expected: str) -> None:
    assert render(f"{{{{ {expression} }}}}", VARIABLES) == expected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("'yesterday' | date", "not an ISO 8601 date"),
        ("'2024-13-01' | date", "not an ISO 8601 date"),
        ("'x' | date('iso', 'yyyy')", "does not have the date format"),
        ("'2024-02-30' | date('iso', 'yyyy-MM-dd')", "no date that exists"),
        ("utc | date('jj')", "unknown letter"),
        ("utc | date('iso', timeZone='Mars/Base')", "Unknown time zone"),
        ("utc | date('MMMM', locale='xx_notalocale')", "Unknown locale"),
        ("utc | dateAdd(1, 'FORTNIGHTS')", "Unknown unit"),
        ("utc | dateAdd(9999999, 'YEARS')", "beyond the years"),
        ("utc | dateAdd('x', 'DAYS')", "must be a whole number"),
        ("isPublicHoliday('2024-01-06', 'XX')", "Unknown country"),
        ("[] | date", "A date is needed, not a list"),
        ("isDateBetween('2026-03-01T00:00:00', '2026-02-28T21:59:59Z', '2026-03-28T22:00:01Z')", "offset"),
    ],
)
def test_what_is_no_date_is_one_sentence(expression: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        render(f"{{{{ {expression} }}}}", VARIABLES)
    assert message in caught.value.message
