"""Writes the generated parts of the reference into its pages: `make reference`.

A page says where such a part stands, and everything else in it is written by hand::

    <!-- generated: hooks -->
    ...
    <!-- end -->
"""
