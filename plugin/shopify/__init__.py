"""The Admin API's one door: the client, each operation as a named function, and what can go wrong."""

from plugin.shopify.client import Gateway as Gateway
from plugin.shopify.client import Result as Result
from plugin.shopify.documents import API_VERSION as API_VERSION
from plugin.shopify.documents import Document as Document
from plugin.shopify.documents import document as document
from plugin.shopify.errors import AccessDenied as AccessDenied
from plugin.shopify.errors import Disconnected as Disconnected
from plugin.shopify.errors import GatewayError as GatewayError
from plugin.shopify.errors import Misunderstood as Misunderstood
from plugin.shopify.errors import Refused as Refused
from plugin.shopify.errors import Throttled as Throttled
from plugin.shopify.errors import Unreachable as Unreachable
from plugin.shopify.flow import tell_of_ending as tell_of_ending
from plugin.shopify.metafields import delete_coupons as delete_coupons
from plugin.shopify.metafields import delete_points as delete_points
from plugin.shopify.metafields import set_coupons as set_coupons
from plugin.shopify.metafields import set_points as set_points
from plugin.shopify.orders import FetchedOrder as FetchedOrder
from plugin.shopify.orders import changed_orders as changed_orders
from plugin.shopify.orders import fetch_order as fetch_order
from plugin.shopify.orders import order_named as order_named
from plugin.shopify.products import product_facts as product_facts
from plugin.shopify.products import variant_price as variant_price
from plugin.shopify.shop import ShopFacts as ShopFacts
from plugin.shopify.shop import shop_facts as shop_facts
