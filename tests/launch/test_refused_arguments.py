"""Launch files refuse arguments that together do nothing."""

import pytest


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"source": "browser", "dashboard": "false"}, "source:=browser: the pictures come by the dashboard"),
        ({"record_video": "/tmp/video.mp4", "overlay": "False"}, "leave out overlay:=false"),
        ({"record_images": "true", "dashboard": "false"}, "give the bag to make with record:=BAG"),
    ],
)
def test_what_would_do_nothing_is_refused(launch, given, said):
    with pytest.raises(RuntimeError, match=said):
        launch("live.launch.py", **given)
