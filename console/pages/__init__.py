"""One module per page; the order is that of the navigation."""

from console.pages.access_log import access_log
from console.pages.checkpoints import pages as checkpoints
from console.pages.completeness import completeness
from console.pages.configuration import pages as configuration
from console.pages.customers import customers
from console.pages.deliveries import deliveries
from console.pages.events import events
from console.pages.find import find
from console.pages.jobs import pages as jobs
from console.pages.overview import overview
from console.pages.quarantine import quarantine
from console.pages.schedule import pages as schedule
from console.pages.sign_in import sign_in
from console.pages.tokens import tokens
from console.pages.users import users

PAGES = (
    sign_in,
    overview,
    find,
    users,
    customers,
    quarantine,
    events,
    deliveries,
    completeness,
    checkpoints,
    jobs,
    schedule,
    configuration,
    access_log,
    tokens,
)

INDEX = {
    f"console.{page.name}": f"console.{page.name}.{'show_all' if page in (users, events) else 'show'}"
    for page in PAGES
    if page is not sign_in
}
"""Where the navigation leads, by blueprint."""
