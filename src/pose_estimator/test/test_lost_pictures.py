"""What the pose node says is lost: pictures that were published and never arrived, and no others."""

from sensor_msgs.msg import Image

from fitness_core.ros import diagnostics, qos


def test_pictures_that_never_arrive_are_counted(world, gate):
    node = world.pose_node()
    world.send()
    world.until(lambda: node.statistics.received == 1)
    for _ in range(10):  # nobody spins: of these the reader keeps the last
        world.send()
    world.until(lambda: node.statistics.received + node.statistics.lost == 11)
    assert node.statistics.lost > 0


def test_numbers_of_two_publishers_are_no_sequence(world, gate):
    node = world.pose_node()
    for number in range(1, 6):
        world.send()
        world.until(lambda number=number: node.statistics.received == number)
    other = world.other.create_publisher(Image, "camera/image_raw", qos.IMAGE_PUBLISHER)
    world.until(lambda: node.count_publishers(world.publisher.topic_name) == 2 and other.get_subscription_count())
    first, received = world.publisher, node.statistics.received
    for number in range(10):
        world.publisher = (other, first)[number % 2]
        world.send()
        world.until(lambda number=number: node.statistics.received > received + number)
    assert node.statistics.lost == 0
    assert node.diagnose()[0] == diagnostics.WARN and "2 nodes publish" in node.diagnose()[1]
    world.publisher, received = other, node.statistics.received  # one publishes last, and leaves
    world.send()
    world.until(lambda: node.statistics.received > received)
    world.other.destroy_publisher(other)
    world.until(lambda: node.count_publishers(first.topic_name) == 1)
    world.publisher, received = first, node.statistics.received
    for number in range(3):
        world.send()
        world.until(lambda number=number: node.statistics.received > received + number)
    assert node.statistics.lost == 0
