"""The weekly packet: one printed page on top of the review pages."""

from monitor.documentation.packet.summary import summary
from monitor.documentation.packet.write import write_packet_files

__all__ = ["summary", "write_packet_files"]
