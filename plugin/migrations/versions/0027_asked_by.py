"""A request for data knows its customer by Shopify's number, also while nothing else is known of them."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the number from the account, where there was one."""
    op.add_column("data_request", sa.Column("customer_id", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE data_request SET customer_id ="
        " (SELECT customer_id FROM account WHERE account.id = data_request.account_id)"
    )
    op.drop_index("ix_data_request_account_id", table_name="data_request")
    with op.batch_alter_table("data_request") as asked:
        asked.drop_constraint("fk_data_request_account_id", type_="foreignkey")
        asked.drop_column("account_id")
