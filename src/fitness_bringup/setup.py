from pathlib import Path

from setuptools import find_packages, setup

package_name = "fitness_bringup"

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={package_name: ["*.json", "bench/*.json", "demo/**", "templates/*"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{package_name}"]),
        (f"share/{package_name}", ["package.xml"]),
        (f"share/{package_name}/launch", [str(path) for path in sorted(Path("launch").glob("*.launch.py"))]),
        (f"share/{package_name}/params", [str(path) for path in sorted(Path("params").glob("*.yaml"))]),
        (f"share/{package_name}/config", [str(path) for path in sorted(Path("config").iterdir())]),
    ],
    install_requires=["setuptools"],
    # Not zipped: the demo and the schema are opened as files.
    zip_safe=False,
    maintainer="ros2_fitness maintainers",
    maintainer_email="maintainers@users.noreply.github.com",
    description="Launch files, parameters and the command line of the fitness graph.",
    license="MIT",
    entry_points={"console_scripts": ["fitness = fitness_bringup.cli:main"]},
)
