from setuptools import find_packages, setup

package_name = "pose_estimator"

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
    description="The pose of the person in each picture: 33 landmarks by MediaPipe or LiteRT, smoothed by stamp.",
    license="MIT",
    entry_points={"console_scripts": ["pose_estimator_node = fitness_core.program:main"]},
)
