"""Numbers as a reader would write them."""

import math

PERCENT = ("%", "points")
"""Units in which a share is printed times 100."""


def unit_of_difference(unit: str) -> str:
    """The unit of the difference of two numbers of that unit: two shares in per cent differ by points."""
    return "points" if unit == "%" else unit


def number(value: float, unit: str = "", digits: int = 3) -> str:
    """A number as a reader would write it: 12,500; 0.031; 4.2 x 10^-5 with real superscripts."""
    value = value * 100 if unit in PERCENT else value
    return _fixed(value, *_scale(value, unit, digits)) + _power(_scale(value, unit, digits)[0])


def with_unit(value: float, unit: str, digits: int = 3) -> str:
    """``number`` followed by its unit."""
    return f"{number(value, unit, digits)} {unit}".strip()


def as_given(value: float, unit: str = "") -> str:
    """A number that somebody wrote down, with the digits that it was given and no more; of one without end, three."""
    shown = value * 100 if unit in PERCENT else value
    digits = next((digits for digits in range(1, 7) if math.isclose(float(f"{shown:.{digits - 1}e}"), shown, rel_tol=1e-12)), 3)
    # Without the unit, as shares that were measured get more decimals close to 100 %.
    return number(shown, digits=digits)


def measurement(value: float, low: float | None, high: float | None, unit: str = "", digits: int = 3) -> tuple[str, str, str]:
    """A value, its interval, and what both are multiplied by: ``("6.90", "4.91 to 8.80", " × 10⁻⁴")``.

    All three numbers get the decimals and the power of ten of the value, or of the interval where the value is nothing beside
    it. The interval is empty where there is none.
    """
    factor = 100 if unit in PERCENT else 1
    reach = max((abs(bound) for bound in (low, high) if bound is not None and math.isfinite(bound)), default=0.0)
    scale = _scale((reach if 0 < abs(value) < 1e-3 * reach else value) * factor, unit, digits, exact=False)
    suffix = _power(scale[0]) + (f" {unit}" if unit else "")
    if low is None or high is None:
        return number(value, unit, digits), "", f" {unit}" if unit else ""
    return _fixed(value * factor, *scale), f"{_fixed(low * factor, *scale)} to {_fixed(high * factor, *scale)}", suffix


def _scale(value: float, unit: str, digits: int, exact: bool = True) -> tuple[int, int]:
    """Power of ten and decimals with which a value is written; whole numbers get no decimals where ``exact``."""
    if not math.isfinite(value) or (exact and value == int(value) and abs(value) < 1e7):
        return 0, 0 if exact else digits - 1
    if value == 0:
        return 0, 2
    # The power of the number as it will be written: 0.00099996 to three digits is 1.00 thousandths.
    size = int(f"{abs(value):.{digits - 1}e}".split("e")[1])
    if not -3 <= size < 5:
        return size, digits - 1
    # Close to 100 % the digits that matter come after the nines.
    return 0, max(digits - 1 - size, 2 if unit == "%" and value > 98 else 0)


def _fixed(value: float, power: int, decimals: int) -> str:
    if not math.isfinite(value):
        return "∞" if value > 0 else "−∞" if value < 0 else "?"
    return f"{value / 10.0**power:,.{decimals}f}".replace("-", "−")


def power_of_ten(power: int) -> str:
    """10 with an exponent, as plain text."""
    return f"10{str(power).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"


def _power(power: int) -> str:
    return f" × {power_of_ten(power)}" if power else ""


def duration(seconds: float) -> str:
    """Seconds as a person says them: 0.4 s, 12 s, 6 min 5 s, 2 h 10 min."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 1:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
