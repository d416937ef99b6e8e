from pathlib import Path

from setuptools import find_packages, setup

package_name = "exercise_classifier"

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={"exercise_classifier": ["training/configs/*.yaml", "training/configs/*.csv"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{package_name}"]),
        (f"share/{package_name}", ["package.xml"]),
        (f"share/{package_name}/models", sorted(str(path) for path in Path("models").glob("*"))),
    ],
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    zip_safe=True,
    maintainer="ros2_fitness maintainers",
    maintainer_email="maintainers@users.noreply.github.com",
    description="Names the exercise from landmarks: body-frame features, windows, LiteRT models; fits such models.",
    license="MIT",
    entry_points={
        "console_scripts": [
            "exercise_classifier_node = fitness_core.program:main",
        ],
    },
)
