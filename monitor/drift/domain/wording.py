"""The carriers of a shift in words."""

from __future__ import annotations

from monitor.drift.domain.records import Carrier, DomainShift


def name_carriers(shift: DomainShift) -> str:
    """Which covariates carry a shift, correlated ones named together.

    Args:
        shift: A finding.

    Returns:
        One sentence; the state's reason where there is no shift.
    """
    if shift.state != "shift":
        return shift.reason
    carrying = {carrier.name: carrier for carrier in shift.carriers if carrier.carries}
    if not carrying:
        return (
            "no single covariate stands out: many moved a little, or they vary together otherwise than before"
        )
    parts: list[str] = []
    while carrying:
        first = carrying.pop(next(iter(carrying)))
        near = [carrying.pop(name) for name in (*first.together, *first.varies_with) if name in carrying]
        parts.append(" together with ".join(describe(carrier) for carrier in (first, *near)))
    return "carried by " + "; ".join(parts)


def describe(carrier: Carrier) -> str:
    """A covariate with its numbers.

    Example:
        >>> from monitor.records import Estimate
        >>> area, lost = (Estimate(value, None, None, 200, 100, "") for value in (0.8, 0.1))
        >>> describe(Carrier("contrast", area, lost, 0.01, (), True, None, None, "1", 0.4, ()))
        'contrast (alone .80, lost .10, share of 1 +.40)'
    """
    told = [f"alone {plain(carrier.alone.value)}", f"lost {plain(carrier.lost.value)}"]
    if carrier.varies_with:
        told.append(f"varies otherwise with {', '.join(carrier.varies_with)}")
    if carrier.difference is not None and carrier.spread is not None:
        told.append(f"{carrier.difference:+.2f} SD, spread x {carrier.spread:.2f}")
    if carrier.level is not None and carrier.share_change is not None:
        told.append(f"share of {carrier.level} {plain(carrier.share_change, '+')}")
    return f"{carrier.name} ({', '.join(told)})"


def plain(value: float | None, sign: str = "") -> str:
    """Two decimals without the zero in front.

    Example:
        >>> plain(0.254), plain(-0.004), plain(10.04), plain(-0.4, "+")
        ('.25', '.00', '10.04', '-.40')
    """
    if value is None:
        return "-"
    written = f"{round(value, 2) + 0.0:{sign}.2f}"
    return written.replace("0.", ".", 1) if abs(round(value, 2)) < 1 else written
