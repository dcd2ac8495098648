"""A discount that is there forgets the code it was made with: that one has an owner like any other."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Clear what nothing reads once the discount is known to be there."""
    op.execute("UPDATE coupon_node SET first_code = NULL WHERE gid IS NOT NULL")
