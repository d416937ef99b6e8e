from setuptools import find_packages, setup

package_name = "fitness_datasets"

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{package_name}"]),
        (f"share/{package_name}", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    zip_safe=True,
    maintainer="ros2_fitness maintainers",
    maintainer_email="maintainers@users.noreply.github.com",
    description="Bags of landmarks and labels: writing, reading, recording and playing.",
    license="MIT",
    entry_points={
        "console_scripts": [
            "player_node = fitness_core.program:main",
            "record_take_node = fitness_core.program:main",
            "recorder_node = fitness_core.program:main",
        ]
    },
)
