"""Everything that runs, as one supervised group: PostgreSQL, Valkey, web, worker and beat.

`python -m config.stack run` is the product on one machine; `services()` is what the tests start for themselves.
Standard library only: it must be able to start the database before there are settings to read.
"""

from config.stack.embedded import Services, services
from config.stack.processes import StackError

__all__ = ["Services", "StackError", "services"]
