"""What a data file should hold, with an example of a right header; folded on the page of files."""

from html import escape

#: Two lines of a right file and its first atom; read as it stands, nothing is asked.
HEADER = """\
32
Lattice="7.8 0.0 0.0 0.0 7.8 0.0 0.0 0.0 7.8" Properties=species:S:1:pos:R:3:forces:R:3 energy=-93.41 temperature=800 run=0 pbc="T T T"
Cu 0.03 -0.05 0.01 0.214 -0.871 0.035
"""

HELP = f"""<details><summary>What a file should hold, with an example of a header</summary>
<p><b>Extended xyz.</b> For each configuration the number of atoms, a line of entries, then one line for each atom. Energies are
totals in eV, forces are in eV/Å. <code>temperature</code> (K) is that of the simulation. <code>run</code>, under any name, tells
trajectories apart: error bars come from whole trajectories.</p><pre>{escape(HEADER)}…</pre>
<p><b>MiLaDy.</b> The folder <code>descDB</code> with its <code>.eml</code>, <code>.fml</code> and <code>.poscar</code>. <b>LAMMPS.</b> A dump with
<code>id type element x y z fx fy fz</code>; symbols are asked for where only types are given. <b>VASP and others.</b> Several
<code>OUTCAR</code> or <code>vasprun.xml</code>, or the folder above them. Descriptors that a file lacks are computed. All formats are listed in
<code>data/FORMATS.md</code>.</p></details>"""
