from setuptools import find_packages, setup

package_name = "fitness_camera"

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
    description="Pictures from a device, a video file, a stream or a folder, stamped when they were taken.",
    license="MIT",
    entry_points={"console_scripts": ["camera_node = fitness_core.program:main"]},
)
