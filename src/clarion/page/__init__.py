# SPDX-License-Identifier: Apache-2.0
"""The web page's files, as the wheel carries them; everything the page does goes through the API."""
