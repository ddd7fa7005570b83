"""The read model of how many users have signed up in which month."""

from duolog import MaterializedView
from users.infrastructure.projections.user_projection import UserProjection


class SignUpsView(MaterializedView):
    """Counts what the list of users shows; a refresh reads it once, however many changes there were.

    The database writes times as texts in UTC, year and month first.
    """

    name, version = "sign_ups", 1
    reads = (UserProjection,)
    key = ("month", "role")
    select = """
        SELECT substr(CAST(created_at AS TEXT), 1, 7) AS month, role, count(*) AS users,
            sum(CASE WHEN is_active THEN 1 ELSE 0 END) AS active
        FROM users_view GROUP BY 1, 2
    """
