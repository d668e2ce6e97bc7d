"""Administrators set by an operator; this overrides Clerk's metadata."""

from events.domain.user import AdminGranted, AdminRevoked
from events.statements import AnyConnection
from handlers.decision import Command, Decided, Verdict, decide, refuse_quarantined, refuse_unfit
from handlers.errors import AlreadySo, NothingToUndo
from projections.state import State


def grant_admin(conn: AnyConnection, command: Command) -> Decided:
    """Make the user an administrator. Raises: AlreadySo, UserDeleted, UserQuarantined, and as `decide`."""
    return decide(conn, command.requesting(is_admin=True), lambda state, _, now: grant(state))


def revoke_admin(conn: AnyConnection, command: Command) -> Decided:
    """Revoke admin rights, even if Clerk still grants them.

    Raises: NothingToUndo, UserQuarantined, and as `decide`.
    """
    return decide(conn, command.requesting(is_admin=False), lambda state, _, now: revoke(state))


def grant(state: State) -> Verdict:
    """The verdict on a grant. An operator may also grant what only Clerk's metadata grants so far."""
    refuse_unfit(state)
    answer = {"user_id": state.user_id, "is_admin": True}
    if state.granted_admin:
        raise AlreadySo(answer)
    return Verdict(AdminGranted(), answer)


def revoke(state: State) -> Verdict:
    """The verdict on a revocation."""
    refuse_quarantined(state)
    is_admin = state.clerk_admin if state.granted_admin is None else state.granted_admin
    if not is_admin:
        raise NothingToUndo("expected an administrator, found another user; nothing was changed")
    return Verdict(AdminRevoked(), {"user_id": state.user_id, "is_admin": False})
