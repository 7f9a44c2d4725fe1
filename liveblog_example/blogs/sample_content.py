"""The content that `manage.py sample` puts into an empty site: three invented events, reported by invented people."""

from dataclasses import dataclass, field

#: Username -> first name, last name. The first two can log in, with their username as password.
PEOPLE = {
    "editor": ("Mara", "Voss"),
    "reader": ("Tobi", "Lund"),
    "edda": ("Edda", "Okafor"),
    "joon": ("Joon", "Park"),
    "pim": ("Pim", "de Wit"),
}
CAN_LOG_IN = ("editor", "reader")


@dataclass(frozen=True)
class SampleBlog:
    """A blog; posts are (minutes ago, text), chat lines (minutes ago, reader, text), oldest first."""

    title: str
    slug: str
    summary: str
    posts: list[tuple[int, str]]
    chat: list[tuple[int, str, str]] = field(default_factory=list)


REGATTA = SampleBlog(
    title="Lock to Lock: the Michaelmas narrowboat race",
    slug="lock-to-lock",
    summary="Nine boats, eleven locks, four miles an hour. We walk along and tell you who is ahead.",
    posts=[
        (
            174,
            "Good morning from Hatherley Basin. There is mist on the water and a smell of bacon from nearly every "
            "galley. Nine crews have signed the start sheet; the tenth is looking for its windlass.\n\n"
            "The rules are as old as the race: no engine above tickover, no boat may be carried, and whoever leaves a "
            "gate open buys the first round.",
        ),
        (
            151,
            "They are away. Kittiwake had the best of the start and Second Wind the worst: her stern line was still "
            "round the bollard.",
        ),
        (
            128,
            "First lock, and the first argument. Two boats fit side by side, and three crews believe they are the two. "
            "The lock-keeper settles it by age of boat, which puts Old Bess (1911) in front of everyone.",
        ),
        (
            96,
            "Halfway along the Long Pound. Order at the heron tree:\n\n1. Old Bess\n2. Kittiwake\n3. Marrow & Sons"
            "\n\nThe heron did not move for any of them.",
        ),
        (
            63,
            "Swing bridge at Pell's Farm is stuck with a hay cart on it. Everybody ties up and the farm sells a "
            "remarkable amount of plum cake.",
        ),
        (
            31,
            "The bridge is open. Second Wind, last for two hours, had moored beyond it by mistake and now leads by a "
            "quarter of a mile. Her skipper calls this strategy.",
        ),
        (
            8,
            "Two locks to go and it is Second Wind from Old Bess, with Kittiwake close enough to read the name on her "
            "kettle.\n\nWalkers: the path is muddy after bridge 44, keep to the hedge side.",
        ),
    ],
    chat=[
        (120, "edda", "Old Bess again! My grandfather crewed her."),
        (94, "reader", "Is the heron on the start sheet?"),
        (60, "joon", "Can confirm the plum cake."),
        (29, "pim", "Second Wind!!! I have waited eleven years for this sentence."),
        (26, "edda", "It is not over until the staircase lock."),
        (5, "reader", "Where is the best place to stand at the finish?"),
    ],
)

BALLOON = SampleBlog(
    title="Heron 2: a school balloon goes to thirty kilometres",
    slug="heron-2",
    summary="Year 9 of Alder Road School launches a balloon, two cameras and a boiled sweet into the stratosphere.",
    posts=[
        (
            305,
            "The playing field is roped off, the helium is here, and the wind at ground level is 6 km/h from the "
            "south-west. Predicted landing: a beet field 41 km away, whose owner has been asked and is delighted.",
        ),
        (
            262,
            "Lift-off at the second try. The first was stopped by a boy who had noticed that both lens caps were on.",
        ),
        (
            214,
            "12 km and still climbing at 5 metres a second. It is 54 degrees below zero up there. The boiled sweet is "
            "fine.",
        ),
        (
            168,
            "Burst at 30,870 metres: a school record by almost two kilometres. The parachute is out, and the class has "
            "stopped pretending to do geography.",
        ),
        (
            112,
            "Down. Eleven hundred metres from the prediction, in a pear tree.\n\nThe photographs show a black sky, a "
            "blue line, and a thumb. We will know whose by tomorrow.",
        ),
    ],
    chat=[
        (260, "pim", "LENS CAPS. Well spotted whoever that was."),
        (166, "joon", "30 km! We can see it from the office with binoculars, a tiny white dot."),
        (110, "edda", "That is my pear tree. Come and get it, bring the children, there are pears."),
    ],
)

BREAD = SampleBlog(
    title="The long rise: one village, one oven, forty loaves",
    slug="the-long-rise",
    summary="Once a year Ansley lights the old communal oven and bakes until it is cold again. It takes two days.",
    posts=[
        (
            1510,
            "The oven was lit at six with apple wood. It needs a day to warm and nobody may open the door, so there is "
            "a rota of people whose task is to look at it.",
        ),
        (
            1290,
            "Dough is rising in eleven kitchens. If you are asked to keep your voice down in the post office, that is "
            "the reason.",
        ),
        (
            405,
            "First loaves out. The crust sings when it cools: put your ear close and you hear it crack.\n\nThe recipe, "
            "as ever, is flour, water, salt and not being in a hurry.",
        ),
    ],
    chat=[(398, "joon", "You can smell it as far as the station.")],
)

BLOGS = [BALLOON, BREAD, REGATTA]
