from setuptools import find_packages, setup

package_name = "fitness_core"

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={package_name: ["exercises/*.yaml"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{package_name}"]),
        (f"share/{package_name}", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    zip_safe=True,
    maintainer="ros2_fitness maintainers",
    maintainer_email="maintainers@users.noreply.github.com",
    description="What every package of the fitness graph shares.",
    license="MIT",
)
