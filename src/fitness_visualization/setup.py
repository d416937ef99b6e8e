from setuptools import find_packages, setup

package_name = "fitness_visualization"

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={package_name: ["dashboard/static/*", "dashboard/templates/*"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{package_name}"]),
        (f"share/{package_name}", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    zip_safe=True,
    maintainer="ros2_fitness maintainers",
    maintainer_email="maintainers@users.noreply.github.com",
    description="What people see: the dashboard, the annotated picture and video, the skeleton in space.",
    license="MIT",
    entry_points={
        "console_scripts": [
            "foxglove_node = fitness_core.program:main",
            "hri_bridge_node = fitness_core.program:main",
            "markers_node = fitness_core.program:main",
            "dashboard_node = fitness_core.program:main",
            "overlay_node = fitness_core.program:main",
            "video_node = fitness_core.program:main",
            "window_node = fitness_core.program:main",
        ]
    },
)
