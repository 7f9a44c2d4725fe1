"""A rolling restart that is ordered on the admin's page: it goes on in a thread of the process that answers the page.

That process is a worker as a rule, and the last one that is restarted. If it ends before, the restart ends with it.
"""

import logging
from threading import Lock, Thread

from towpath.layers.errors import LayerUnavailable
from towpath.layers.survey import Survey

from .restart import RESTART_SECONDS, Restart, RestartFailed
from .site import OrderRefused

log = logging.getLogger(__name__)

_under_way = Lock()


def begin_restart(survey: Survey, host: str) -> int:
    """Begin to restart the workers of this machine, which must be `host`; return their number.

    Raises:
        OrderRefused: this is another machine, no worker runs here, or a restart is under way.
        LayerUnavailable: Redis did not answer.
    """
    restart = Restart(survey, RESTART_SECONDS, log.info)
    if restart.host != host:
        raise OrderRefused(
            f"This request was answered on {restart.host}, which cannot restart the workers of {host}: try again, "
            f"or run `manage.py towpath restart` on {host}"
        )
    workers = restart.workers()
    if not workers:
        raise OrderRefused(f"No worker of {host} is running: there is nothing to restart")
    if any(worker.state == "draining" for worker in workers) or not _under_way.acquire(blocking=False):
        raise OrderRefused(f"A worker of {host} is being restarted: wait until all are serving")
    Thread(target=_run, args=(restart,), name="towpath-restart", daemon=True).start()
    return len(workers)


def _run(restart: Restart) -> None:
    try:
        restart.run()
    except (RestartFailed, LayerUnavailable) as error:
        log.error("The restart of the workers has ended: %s", error)
    except Exception:
        log.exception("The restart of the workers has ended by an error")
    finally:
        _under_way.release()
