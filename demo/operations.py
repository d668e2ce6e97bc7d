"""Everything that can happen in the demo world, by name."""

from collections.abc import Callable
from random import Random

from demo import steps_billing as billing
from demo import steps_people as people
from demo.world import DemoPerson, DemoWorld

Operation = Callable[[DemoWorld, DemoPerson, Random], None]

OPERATIONS: dict[str, Operation] = {
    "checkout": billing.checkout,
    "second_subscription": billing.second_subscription,
    "lone_customer": billing.lone_customer,
    "link_late": billing.link_late,
    "upgrade": billing.upgrade,
    "downgrade": billing.downgrade,
    "change_card": billing.change_card,
    "detach_card": billing.detach_card,
    "refresh_card": billing.refresh_card,
    "correct_address": billing.correct_address,
    "fail_payment": billing.fail_payment,
    "decline": billing.decline,
    "pay": billing.pay,
    "cancel_now": billing.cancel_now,
    "cancel_later": billing.cancel_later,
    "uncancel": billing.uncancel,
    "extend_trial": billing.extend_trial,
    "pause_collection": billing.pause_collection,
    "resume": billing.resume,
    "refund": billing.refund,
    "delete_customer": billing.delete_customer,
    "sign_in": people.sign_in,
    "rename": people.rename,
    "add_email": people.add_email,
    "drop_emails": people.drop_emails,
    "grant_admin": people.grant_admin,
    "leave": people.leave,
    "clerk_billing": people.clerk_billing,
    "try_in_test_mode": people.try_in_test_mode,
    "twin": people.twin,
    "thin_twin": people.thin_twin,
    "use_later_api": people.use_later_api,
    "wait_days": people.wait_days,
}

USUAL: dict[str, int] = {
    "checkout": 6,
    "upgrade": 6,
    "downgrade": 3,
    "change_card": 6,
    "refresh_card": 3,
    "correct_address": 3,
    "decline": 3,
    "pay": 5,
    "cancel_later": 5,
    "uncancel": 2,
    "cancel_now": 2,
    "extend_trial": 2,
    "link_late": 4,
    "refund": 2,
    "resume": 2,
    "sign_in": 25,
    "rename": 2,
    "add_email": 3,
    "clerk_billing": 1,
    "try_in_test_mode": 1,
    "second_subscription": 1,
    "delete_customer": 1,
    "leave": 1,
}
"""The frequency of each operation, for realistic histories."""
