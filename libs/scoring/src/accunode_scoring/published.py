"""What others publish beside a probability of default: agencies' one-year default rates, and the German IFD classes.

An agency's default counts missed payments and distressed exchanges of rated issuers, mostly large ones; a score counts
filings for bankruptcy. What stands beside a grade tells the order of magnitude, not the same event.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """Where figures are published."""

    publisher: str
    title: str
    year: int
    url: str


@dataclass(frozen=True, slots=True)
class PublishedRate:
    """One broad grade of an agency and its average one-year default rate, a fraction."""

    grade: str
    rate: float


@dataclass(frozen=True, slots=True)
class AgencyRates:
    """An agency's broad grades from best to worst."""

    agency: str
    source: Source
    rates: tuple[PublishedRate, ...]

    def nearest(self, pd: float) -> PublishedRate:
        """The grade whose rate differs least from `pd`, above 0, by their ratio; one of a rate of 0 is near nothing."""
        return min(
            (each for each in self.rates if each.rate > 0.0), key=lambda each: abs(math.log(each.rate) - math.log(pd))
        )


STANDARD_AND_POORS = AgencyRates(
    "S&P",
    Source(
        "S&P Global Ratings",
        "2024 Annual Global Corporate Default And Rating Transition Study, Table 24: average one-year default rates, "
        "1981 to 2024",
        2025,
        "https://maalot.co.il/Publications/FTS20250331162126.pdf",
    ),
    (
        PublishedRate("AAA", 0.0),
        PublishedRate("AA", 0.0002),
        PublishedRate("A", 0.0005),
        PublishedRate("BBB", 0.0014),
        PublishedRate("BB", 0.0056),
        PublishedRate("B", 0.0293),
        PublishedRate("CCC/C", 0.2612),
    ),
)
MOODYS = AgencyRates(
    "Moody's",
    Source(
        "Moody's Investors Service",
        "Weighted average one-year default rates of bond issuers, 1970 to 1996, as quoted in 2002",
        1997,
        "http://www.buzzhit.com/2002/09/according-to-1997-moodys-study-here.html",
    ),
    (
        PublishedRate("Aaa", 0.0),
        PublishedRate("Aa", 0.0003),
        PublishedRate("A", 0.0001),
        PublishedRate("Baa", 0.0012),
        PublishedRate("Ba", 0.0136),
        PublishedRate("B", 0.0727),
    ),
)
AGENCIES = (STANDARD_AND_POORS, MOODYS)

IFD_SOURCE = Source(
    "Initiative Finanzstandort Deutschland (IFD)",
    "Rating classes by one-year probability of default, as in the Creditreform RatingMap",
    2024,
    "https://creditreform.de/ratingmap",
)
IFD_CLASSES = ("I", "II", "III", "IV", "V", "VI")
IFD_BOUNDS = (0.003, 0.007, 0.015, 0.03, 0.08)
"""Where each class after the first begins."""


def ifd_classes(lower: float, upper: float) -> tuple[str, ...]:
    """The IFD classes that probabilities from `lower` to below `upper` lie in, the best first."""
    begins, ends = (0.0, *IFD_BOUNDS), (*IFD_BOUNDS, math.inf)
    return tuple(
        name for name, low, high in zip(IFD_CLASSES, begins, ends, strict=True) if low < upper and lower < high
    )
