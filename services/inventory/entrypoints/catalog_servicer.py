"""The catalogue over gRPC."""

from operator import attrgetter
from typing import Any

from interceptors.auth.caller import staff_actor
from services.inventory.application.prices import Prices
from services.inventory.application.product_imports import ProductImports
from services.inventory.application.products import ListProducts, Products
from services.inventory.entrypoints.messages import (
    import_response,
    new_product,
    price_message,
    product_change,
    product_message,
    products_answer,
)
from services.inventory.entrypoints.serialized_fragments import SerializedFragments
from services.kernel.clock import Clock
from shopmesh.inventory.v1 import catalog_service_pb2 as pb
from shopmesh.inventory.v1 import catalog_service_pb2_grpc as rpc


class CatalogServicer(rpc.CatalogServiceServicer):
    """Answers `CatalogService`."""

    def __init__(
        self,
        *,
        products: Products,
        imports: ProductImports,
        prices: Prices,
        clock: Clock,
        fast_path: bool = True,
    ) -> None:
        self._products = products
        self._imports = imports
        self._prices = prices
        self._clock = clock
        fragments = SerializedFragments(key=attrgetter("product.sku"), answer=products_answer)
        self._products_answer = fragments.answer if fast_path else products_answer

    async def ListProducts(self, request: pb.ListProductsRequest, context: Any) -> pb.ListProductsResponse:
        page = await self._products.list(
            ListProducts(
                category=request.category,
                query=request.query,
                order_by=request.order_by,
                page_size=request.page_size,
                page_token=request.page_token,
            )
        )
        products = [product_message(listing) for listing in page.listings]
        return pb.ListProductsResponse(products=products, next_page_token=page.next_page_token)

    async def GetProduct(self, request: pb.GetProductRequest, context: Any) -> pb.GetProductResponse:
        return pb.GetProductResponse(product=product_message(await self._products.get(request.sku)))

    async def BatchGetProducts(
        self, request: pb.BatchGetProductsRequest, context: Any
    ) -> pb.BatchGetProductsResponse:
        sold, missing = await self._products.on_sale(request.skus)
        response = self._products_answer(sold)
        response.missing_skus.extend(missing)
        return response

    async def CreateProduct(self, request: pb.CreateProductRequest, context: Any) -> pb.CreateProductResponse:
        product = new_product(request.product, clock=self._clock)
        listing = await self._products.create(
            product, allow_zero_price=request.allow_zero_price, actor=staff_actor()
        )
        return pb.CreateProductResponse(product=product_message(listing))

    async def UpdateProduct(self, request: pb.UpdateProductRequest, context: Any) -> pb.UpdateProductResponse:
        listing = await self._products.update(
            request.sku,
            product_change(request.product),
            fields=tuple(request.update_mask.paths),
            allow_zero_price=request.allow_zero_price,
            actor=staff_actor(),
        )
        return pb.UpdateProductResponse(product=product_message(listing))

    async def RetireProduct(self, request: pb.RetireProductRequest, context: Any) -> pb.RetireProductResponse:
        listing = await self._products.retire(request.sku, actor=staff_actor())
        return pb.RetireProductResponse(product=product_message(listing))

    async def ListPrices(self, request: pb.ListPricesRequest, context: Any) -> pb.ListPricesResponse:
        page = await self._prices.list(request.sku, size=request.page_size, page_token=request.page_token)
        prices = [price_message(entry) for entry in page.entries]
        return pb.ListPricesResponse(prices=prices, next_page_token=page.next_page_token)

    async def ImportProducts(
        self, request: pb.ImportProductsRequest, context: Any
    ) -> pb.ImportProductsResponse:
        wanted = [new_product(product, clock=self._clock) for product in request.products]
        allow_zero_price = request.allow_zero_price
        if request.validate_only:
            plan = await self._imports.check(wanted, allow_zero_price=allow_zero_price)
        else:
            plan = await self._imports.run(wanted, allow_zero_price=allow_zero_price, actor=staff_actor())
        return import_response(plan)
