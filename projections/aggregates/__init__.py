"""The platform's own work: campaigns, jobs and lists, each aggregate a fold of its own events.

All events of an aggregate are on its owner's route, hence in one part, and its row stores the whole
state of its fold. So the cost of an event in order does not depend on the length of the history, and a
late event refolds only its aggregate.

An event that can't be folded stops its aggregate there: the older row stays readable and names the
event. It never stops the user: billing must not depend on a campaign's name. A creation that can't be
read leaves no row.
"""

from projections.aggregates.project import project, rebuild
from projections.aggregates.rebuild import TABLES, Rows, copied_rows, sifted, storable_rows

__all__ = ["TABLES", "Rows", "copied_rows", "project", "rebuild", "sifted", "storable_rows"]
