"""How a session is to run."""

from __future__ import annotations

from typing import TypedDict


class SessionOptions(TypedDict, total=False):
    """The options of a session; what is left out has its default."""

    # "raise" (default), "skip" or "collect", as for `execute_pipeline`; with the last, exceptions are among the
    # outputs.
    on_error: str
    # How many packets wait between two nodes, before the first and after the last. 16.
    capacity: int
    # What happens when there are as many: "block" (default) has whoever makes packets wait, "drop_oldest",
    # "drop_newest" and "latest" drop some. Edges that `Pipeline.connect` gave a policy have their own.
    policy: str
    # After how many seconds in which nothing moved, though there was work, a warning is logged that says where the
    # session stands, with the stacks of the threads that are inside nodes. 10; None for never.
    stall: float | None
    # How many calls are kept for `save_trace`: the newest. 0.
    trace: int
    # Whether the thread that sends a packet takes it through the nodes before `send` returns, instead of waking another
    # one for that: for packets that come alone and are to be through soon. Only as long as every node is known to be
    # quick (20 us a call). A node that takes long all the same holds up the sender, and its event loop; one that waits
    # for that loop waits for ever. Ctrl-C in a node is that node's failure, with what `on_error` says. False.
    caller_runs: bool
