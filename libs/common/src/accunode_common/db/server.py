"""The settings of the PostgreSQL server, the same for the embedded one, the composed stack and RDS.

`docker-compose.yml` and `infra/cloudformation/templates/data.yaml` repeat them; tests hold both to this list.
"""

from dataclasses import dataclass

KIBIBYTE, MEBIBYTE, GIBIBYTE = 2**10, 2**20, 2**30
ONE_MACHINE = 2 * GIBIBYTE
"""The server's share of a developer's machine: a db.t3.small, so that what is measured there is what is shipped."""


@dataclass(frozen=True)
class Fixed:
    """A value, as `SHOW` prints it, whatever the machine.

    Attributes:
        value: What servers on one machine are started with; None for what they cannot have.
        rds: The same in the form and unit of RDS's parameter group; None for what RDS decides itself.
        why: The reason for it; where the two differ, for that as well.
    """

    value: str | None
    rds: str | None
    why: str


@dataclass(frozen=True)
class Share:
    """An amount of memory that follows the server's.

    Attributes:
        part: The server's memory is divided by this.
        unit: Bytes of RDS's unit; there the memory is what the instance class leaves to PostgreSQL.
        at_least: Bytes below which it does not go.
        why: The reason for it.
    """

    part: int
    unit: int
    at_least: int
    why: str

    def amount(self, memory: int) -> str:
        """What a server with so many bytes gets, as `SHOW` prints it."""
        mebibytes = max(memory // self.part, self.at_least) // MEBIBYTE
        return f"{mebibytes}MB" if mebibytes % KIBIBYTE else f"{mebibytes // KIBIBYTE}GB"

    @property
    def rds(self) -> str:
        """The formula of a parameter group."""
        formula = f"{{DBInstanceClassMemory/{self.part * self.unit}}}"
        return f"GREATEST({formula},{self.at_least // self.unit})" if self.at_least else formula


SETTINGS: dict[str, Fixed | Share] = {
    "max_connections": Fixed("200", None, "Pools of all processes; on RDS the parameter MaxConnections, by tier."),
    "shared_buffers": Share(4, 8 * KIBIBYTE, 0, "PostgreSQL's advice for a server of its own; RDS's default."),
    "effective_cache_size": Share(2, 8 * KIBIBYTE, 0, "What the planner may take for cached; RDS's default."),
    "work_mem": Share(128, KIBIBYTE, 4 * MEBIBYTE, "A chunk's sorts and hashes stay in memory; few run at once."),
    "maintenance_work_mem": Share(16, KIBIBYTE, 64 * MEBIBYTE, "Indexes of migrations, and vacuuming."),
    "max_wal_size": Fixed("2GB", "2048", "A million rows write 1.7 GB: no checkpoint is forced in the middle."),
    "random_page_cost": Fixed("1.1", "1.1", "Disks without heads, gp3 among them."),
    "jit": Fixed("off", "0", "Statements are short: compiling them takes longer than it saves."),
    "timezone": Fixed("UTC", "UTC", "Times mean the same wherever they are read."),
    "log_timezone": Fixed("UTC", None, "RDS logs in UTC and lets nobody change it."),
    "log_line_prefix": Fixed("%m [%p] %u@%d ", None, "Who and where; RDS has its own, which its tools read."),
    "log_error_verbosity": Fixed("terse", "terse", "Details and contexts of errors are the values of rows."),
    "log_parameter_max_length": Fixed("0", "0", "Parameters are the values of rows."),
    "log_parameter_max_length_on_error": Fixed("0", "0", "Parameters are the values of rows."),
    "log_min_duration_statement": Fixed("50ms", "50", "What takes long is in the log, without parameters."),
    "log_lock_waits": Fixed("on", "1", "Who waits for a lock for a second is in the log."),
    "idle_in_transaction_session_timeout": Fixed(
        "1min", "60000", "A client that hangs must not hold locks or dead rows."
    ),
    "rds.force_ssl": Fixed(
        None, "1", "Networks lie between; on one machine it listens on loopback or an inner network."
    ),
    "shared_preload_libraries": Fixed(None, "pg_stat_statements", "Sums by statement; embedded servers lack it."),
    "pg_stat_statements.track": Fixed(None, "top", "Statements as clients send them, not those inside functions."),
}


def server_settings(memory: int) -> dict[str, str]:
    """The settings of a server on one machine that may use so many bytes, as `SHOW` prints them."""
    values = {name: each.amount(memory) if isinstance(each, Share) else each.value for name, each in SETTINGS.items()}
    return {name: value for name, value in values.items() if value is not None}


def rds_parameters() -> dict[str, str]:
    """The settings of RDS's parameter group, all but what a tier decides."""
    return {name: each.rds for name, each in SETTINGS.items() if each.rds is not None}
