"""The demo catalogue: what `seed.py` puts into an empty shop."""

from collections.abc import Iterator
from dataclasses import dataclass

WAREHOUSES = ("berlin", "hamburg")
CURRENCY = "EUR"


@dataclass(frozen=True, slots=True)
class SeedProduct:
    """A product with its price in cents and its pieces in the warehouses of `WAREHOUSES`."""

    sku: str
    category: str
    cents: int
    pieces: tuple[int, int]
    name: str
    description: str


def seed_products() -> Iterator[SeedProduct]:
    """Every product of the demo catalogue."""
    lines = iter(_PRODUCTS.strip().splitlines())
    for line, description in zip(lines, lines, strict=True):
        sku, category, price, berlin, hamburg, name = line.split(" | ")
        cents = int(price.replace(".", ""))
        yield SeedProduct(sku, category, cents, (int(berlin), int(hamburg)), name, description.strip())


# SKU | category | price | berlin | hamburg | name, and the description below
_PRODUCTS = """
MUG-RED | kitchen | 12.90 | 120 | 80 | Stoneware mug, red
    Holds 350 ml, glazed by hand, safe in dishwasher and microwave.
MUG-BLUE | kitchen | 12.90 | 95 | 60 | Stoneware mug, blue
    Holds 350 ml, glazed by hand, safe in dishwasher and microwave.
MUG-GREEN | kitchen | 12.90 | 40 | 0 | Stoneware mug, green
    Holds 350 ml, glazed by hand, safe in dishwasher and microwave.
TEAPOT-IRON | kitchen | 49.00 | 14 | 9 | Cast-iron teapot
    Enamelled inside, with a steel strainer. Keeps 0.8 litres hot for an hour.
COFFEE-PRESS | kitchen | 34.50 | 35 | 22 | French press, 1 litre
    Borosilicate glass in a frame of brushed steel, with a double sieve.
COFFEE-GRINDER | kitchen | 59.90 | 18 | 12 | Hand coffee grinder
    Ceramic burrs, from espresso to press in 24 steps, walnut handle.
KETTLE-GOOSENECK | kitchen | 79.00 | 11 | 7 | Gooseneck kettle
    Pours slowly and exactly, holds its temperature to the degree.
PAN-IRON-28 | kitchen | 64.00 | 26 | 30 | Wrought-iron pan, 28 cm
    Burnt in at the forge, for every stove and for the oven.
POT-STEEL-5L | kitchen | 89.00 | 16 | 13 | Stock pot, 5 litres
    Three-ply steel with a lid that sits tight and a scale inside.
KNIFE-CHEF-20 | kitchen | 94.50 | 21 | 15 | Chef's knife, 20 cm
    Forged from one piece of carbon steel, handle of olive wood.
KNIFE-PARING | kitchen | 29.90 | 44 | 38 | Paring knife, 9 cm
    Thin and nimble, for fruit and vegetables.
BOARD-OAK | kitchen | 39.00 | 33 | 27 | Oak cutting board
    End grain, 40 by 30 cm, oiled, with a groove for juice.
BOWL-SET-3 | kitchen | 42.00 | 19 | 24 | Mixing bowls, set of 3
    Nesting bowls of enamelled steel with a non-slip base.
SCALE-KITCHEN | kitchen | 27.90 | 50 | 41 | Kitchen scale
    Exact to a gram up to 5 kg, glass top, charges by USB-C.
APRON-LINEN | kitchen | 32.00 | 60 | 45 | Linen apron
    Washed linen from Saxony, crossed straps, two pockets.
LAMP-DESK | home | 89.90 | 17 | 11 | Desk lamp
    Jointed arm, dimmable warm light, 9 watts.
LAMP-FLOOR | home | 149.00 | 6 | 8 | Floor lamp
    Steel stand with a shade of pleated paper, 160 cm.
BLANKET-WOOL | home | 119.00 | 22 | 18 | Wool blanket
    New wool from the Rhön, 140 by 200 cm, woven in herringbone.
CUSHION-MOSS | home | 36.00 | 48 | 0 | Cushion, moss green
    Cover of velvet, filling of feathers, 50 by 50 cm.
CANDLE-BEESWAX | home | 14.50 | 160 | 140 | Beeswax candle
    Burns for 40 hours, poured in Brandenburg.
VASE-GLASS | home | 45.00 | 15 | 12 | Blown-glass vase
    Smoke-grey, 24 cm, every one a little different.
CLOCK-WALL | home | 69.00 | 13 | 10 | Wall clock
    Runs silently, 30 cm, face of enamel.
RUG-JUTE | home | 129.00 | 0 | 16 | Jute rug
    Braided by hand, 160 by 230 cm.
HOOK-BRASS-4 | home | 24.00 | 70 | 52 | Brass hooks, set of 4
    Solid brass with screws, grows more beautiful with use.
BASKET-WILLOW | home | 38.00 | 25 | 20 | Willow basket
    For wood, wool or laundry; 45 cm high.
NOTEBOOK-A5 | stationery | 16.90 | 220 | 180 | Notebook A5, dotted
    192 numbered pages of 100 g paper, thread-bound, lies flat.
NOTEBOOK-A4 | stationery | 22.90 | 130 | 110 | Notebook A4, ruled
    160 pages of 100 g paper, thread-bound, lies flat.
PEN-FOUNTAIN | stationery | 58.00 | 28 | 21 | Fountain pen, fine
    Steel nib, piston filler, body of turned resin.
PEN-GEL-BLACK | stationery | 3.20 | 600 | 500 | Gel pen, black
    Dries in a second, 0.5 mm, refillable.
INK-MIDNIGHT | stationery | 13.50 | 75 | 64 | Ink, midnight blue
    50 ml, washes out of fabric, does not fade.
PENCIL-SET-12 | stationery | 18.00 | 90 | 85 | Pencils, set of 12
    From 4H to 6B, cedar, in a tin.
CALENDAR-WALL | stationery | 24.90 | 0 | 0 | Wall calendar
    Thirteen linocuts on heavy paper. Sold out until the next year's comes.
TAPE-PAPER | stationery | 4.90 | 310 | 260 | Paper tape
    Tears by hand, sticks for good, 50 m.
ENVELOPES-50 | stationery | 9.80 | 140 | 120 | Envelopes, 50 pieces
    C6, lined, recycled paper.
STAPLER-STEEL | stationery | 21.00 | 37 | 33 | Steel stapler
    Takes 30 sheets, comes with 1,000 staples.
BACKPACK-CITY | travel | 139.00 | 24 | 19 | City backpack, 22 litres
    Waxed canvas, a sleeve for a 15-inch laptop, stays dry.
DUFFEL-40L | travel | 159.00 | 9 | 14 | Duffel bag, 40 litres
    Fits into every overhead locker, straps to carry it on the back.
BOTTLE-STEEL | travel | 29.90 | 180 | 150 | Steel bottle, 0.75 litres
    Two walls, cold for a day, hot for twelve hours.
POUCH-CABLE | travel | 26.00 | 66 | 0 | Cable pouch
    Room for chargers, cables and a power bank, zip all round.
UMBRELLA-POCKET | travel | 39.90 | 58 | 71 | Pocket umbrella
    Ten ribs of fibreglass, tested in a storm, 300 g.
PILLOW-NECK | travel | 34.00 | 31 | 29 | Neck pillow
    Memory foam, rolls up to the size of a fist.
TAG-LEATHER | travel | 15.00 | 105 | 88 | Luggage tag
    Vegetable-tanned leather, with a window for the address.
TOWEL-TRAVEL | travel | 22.50 | 84 | 79 | Travel towel
    Dries in an hour, 60 by 120 cm, weighs 150 g.
ADAPTER-WORLD | travel | 32.90 | 62 | 57 | World adapter
    For 150 countries, with two USB-C ports of 30 watts.
TENT-DOME-2 | outdoor | 289.00 | 7 | 6 | Dome tent for two
    Stands in five minutes, 3,000 mm water column, 2.4 kg.
SLEEPING-BAG | outdoor | 179.00 | 12 | 10 | Sleeping bag, 0 °C
    Recycled filling, zip on both sides, 1.1 kg.
STOVE-GAS | outdoor | 54.90 | 27 | 23 | Camping stove
    Boils a litre in three minutes, folds to the size of an apple.
LANTERN-LED | outdoor | 44.00 | 46 | 39 | LED lantern
    Dimmable, charges by USB-C or crank, 60 hours of light.
HAMMOCK-DUO | outdoor | 74.00 | 0 | 25 | Hammock for two
    Parachute silk with straps that spare the trees, up to 200 kg.
KNIFE-POCKET | outdoor | 49.50 | 34 | 28 | Pocket knife
    Blade, saw, corkscrew and tweezers, handle of walnut.
COMPASS-BRASS | outdoor | 36.50 | 20 | 17 | Compass
    Filled with liquid, sighting mirror, scale for maps.
FLASK-TITANIUM | outdoor | 69.00 | 15 | 0 | Titanium flask
    0.5 litres, 120 g, tastes of nothing.
SEEDS-MEADOW | garden | 6.90 | 240 | 210 | Wildflower meadow
    Forty native species for ten square metres, blooms from May to October.
SEEDS-TOMATO | garden | 4.50 | 190 | 175 | Tomatoes, old sorts
    Six packets: red, yellow and striped, all of them true to seed.
TROWEL-STEEL | garden | 19.90 | 68 | 61 | Hand trowel
    Forged stainless steel, handle of ash.
SECATEURS | garden | 47.00 | 32 | 26 | Secateurs
    For branches up to 25 mm, every part can be replaced.
CAN-WATERING-9L | garden | 41.00 | 23 | 21 | Watering can, 9 litres
    Galvanised, with a rose of brass.
POT-TERRACOTTA | garden | 17.50 | 54 | 47 | Terracotta pot, 24 cm
    Frost-proof, from Impruneta.
GLOVES-GARDEN | garden | 14.90 | 115 | 98 | Garden gloves
    Goatskin and cotton, medium size, thorn-proof cuffs.
HERB-KIT | garden | 28.00 | 39 | 36 | Herb garden for the sill
    Basil, thyme, chives and parsley with pots and soil.
CHESS-SET | games | 79.00 | 10 | 12 | Chess set
    Beech and walnut, weighted pieces, folds into its box.
CARDS-POKER | games | 8.90 | 200 | 170 | Playing cards
    Two decks, linen finish, made in Altenburg.
DICE-SET-7 | games | 12.00 | 88 | 93 | Dice, set of 7
    Brass, from four to twenty sides, in a pouch.
PUZZLE-1000 | games | 24.90 | 43 | 51 | Jigsaw, 1,000 pieces
    A map of the night sky; the box shows its myths.
BLOCKS-WOOD-50 | games | 46.00 | 30 | 34 | Wooden blocks, 50 pieces
    Maple and beech without paint, in a bag.
KITE-DELTA | games | 33.00 | 0 | 40 | Delta kite
    Flies from three Beaufort, two lines, 120 cm.
YOYO-MAPLE | games | 13.50 | 72 | 65 | Yo-yo
    Turned maple, a spare string inside.
HEADPHONES-OVER | audio | 199.00 | 16 | 14 | Over-ear headphones
    Silence at a switch, 40 hours on one charge, spare pads to buy.
SPEAKER-SHELF | audio | 249.00 | 8 | 9 | Bookshelf speaker
    Two ways, Bluetooth and cable, cabinet of oak veneer.
TURNTABLE-BELT | audio | 329.00 | 5 | 4 | Turntable
    Belt drive, 33 and 45 turns, built-in preamplifier.
RADIO-KITCHEN | audio | 119.00 | 13 | 18 | Kitchen radio
    FM, DAB+ and a timer that ends the pasta.
CABLE-USB-C-2M | audio | 17.90 | 260 | 230 | USB-C cable, 2 metres
    Braided, 100 watts, lasts 20,000 bends.
"""
