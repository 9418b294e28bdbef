"""The CPU credits of a burstable instance, after "Unlimited mode concepts" of the EC2 user guide.

A credit is a minute of one vCPU. What an idle instance earns it keeps, at most a day's worth. Without credits a
standard instance falls to its baseline; an unlimited one goes on with surplus credits, pays them back with what it
earns later, and is charged for what exceeds a day's worth and for what is left when it ends.
"""

from dataclasses import dataclass

MINUTES_PER_HOUR = 60
HOURS_KEPT = 24


@dataclass(slots=True)
class Credits:
    """The account of one instance.

    Attributes:
        vcpus: vCPUs of the instance.
        earned_per_hour: Credits that it earns.
        unlimited: Whether it goes on without credits.
        balance: Credits it has.
        surplus: Credits it has used before they were earned.
        charged: Surplus credits that are paid for with money.
        empty_minutes: Minutes in which it used more than it had.
    """

    vcpus: int
    earned_per_hour: float
    unlimited: bool
    balance: float = 0.0
    surplus: float = 0.0
    charged: float = 0.0
    empty_minutes: float = 0.0

    @property
    def most(self) -> float:
        """How many it can keep, and how many surplus credits are not charged yet."""
        return HOURS_KEPT * self.earned_per_hour

    @property
    def baseline(self) -> float:
        """vCPUs that it may use for ever."""
        return self.earned_per_hour / MINUTES_PER_HOUR

    @property
    def usable(self) -> float:
        """vCPUs that it may use now."""
        return float(self.vcpus) if self.unlimited or self.balance > 0 else self.baseline

    @property
    def strain(self) -> float:
        """How near it is to paying, or to its baseline: 1 once it is there."""
        if self.unlimited:
            return 1.0 if self.charged > 0 else self.surplus / self.most
        return 1 - self.balance / self.most

    def pass_time(self, used: float, minutes: float) -> None:
        """Let `minutes` go by in which `used` vCPU-minutes were worked."""
        change = self.baseline * minutes - used
        if change >= 0:
            repaid = min(self.surplus, change)
            self.surplus -= repaid
            self.balance = min(self.most, self.balance + change - repaid)
            return
        wanted = -change
        taken = min(self.balance, wanted)
        self.balance -= taken
        if taken == wanted:
            return
        self.empty_minutes += minutes
        if self.unlimited:
            self.surplus += wanted - taken
            over = max(0.0, self.surplus - self.most)
            self.charged += over
            self.surplus -= over

    def end(self) -> None:
        """The instance ends: what it owes is charged, what it has is lost."""
        self.charged += self.surplus
        self.surplus = self.balance = 0.0
