"""A complete course to try hubgrade on."""

from hubgrade_ext.demo.course import create_demo

__all__ = ["create_demo"]
