from setuptools import find_packages, setup

package_name = "rep_counter"

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
    description="Counts repetitions and sets from landmarks and exercise labels, and judges form.",
    license="MIT",
    entry_points={
        "console_scripts": [
            "rep_counter_node = fitness_core.program:main",
            "run_set_node = fitness_core.program:main",
        ]
    },
)
